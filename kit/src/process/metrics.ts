import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';

/** A registry of its own for each started service, so that several live in one process. */
export function createRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** The two series that dashboards of the earlier systems read; `route` is a template, never a path. */
export function createRequestMetrics(registry: Registry) {
  const count = new Counter({
    name: 'request_count',
    help: 'HTTP requests answered',
    labelNames: ['method', 'route', 'status'],
    registers: [registry],
  });
  const latency = new Histogram({
    name: 'request_latency_seconds',
    help: 'Time until an HTTP request was answered',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [registry],
  });
  return {
    observe(method: string, route: string, status: number, seconds: number) {
      count.inc({ method, route, status });
      latency.observe({ method, route, status }, seconds);
    },
  };
}
