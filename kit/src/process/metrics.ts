import { collectDefaultMetrics, Registry } from 'prom-client';

/** Each started service has its own registry, so several services can run in one process. */
export function createRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}
