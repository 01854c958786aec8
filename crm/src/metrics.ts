import { singleFlight } from '@doorstep/kit/work/single-flight.ts';
import { Counter, Gauge, type Registry } from 'prom-client';

type Backlog = { count: number; oldestSeconds: number };

export type EventMetrics = ReturnType<typeof createEventMetrics>;

/** Each scrape calls `backlog`; if that fails, the scrape still serves the other metrics. */
export function createEventMetrics(registry: Registry, backlog: () => Promise<Backlog>) {
  const registers = [registry];
  /** Both gauges of a scrape share one query. */
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
  gauge('events_unpublished', 'Unpublished events', ({ count }) => count);
  gauge(
    'events_oldest_unpublished_seconds',
    'Age of the oldest unpublished event in seconds',
    ({ oldestSeconds }) => oldestSeconds,
  );
  return {
    published: new Counter({ name: 'events_published_total', help: 'Published events', registers }),
    failures: new Counter({ name: 'event_publish_failures_total', help: 'Failed attempts to publish', registers }),
  };
}
