import { singleFlight } from '@doorstep/kit/work/single-flight.ts';
import { Counter, Gauge, type Registry } from 'prom-client';

type Backlog = { count: number; oldestSeconds: number };

export type EventMetrics = ReturnType<typeof createEventMetrics>;

/** `backlog` is asked for whenever the metrics are read; without its answer the others are served all the same. */
export function createEventMetrics(registry: Registry, backlog: () => Promise<Backlog>) {
  const registers = [registry];
  /** One query for both gauges of a scrape. */
  const currentBacklog = singleFlight(() => backlog().catch(() => undefined)).join;
  const gauge = (name: string, help: string, pick: (backlog: Backlog) => number) =>
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        const current = await currentBacklog();
        if (current) this.set(pick(current));
      },
    });
  gauge('events_unpublished', 'Events that are not published yet', ({ count }) => count);
  gauge(
    'events_oldest_unpublished_seconds',
    'How long the oldest event that is not published has waited',
    ({ oldestSeconds }) => oldestSeconds,
  );
  return {
    published: new Counter({ name: 'events_published_total', help: 'Events that were published', registers }),
    failures: new Counter({ name: 'event_publish_failures_total', help: 'Tries to publish that failed', registers }),
  };
}
