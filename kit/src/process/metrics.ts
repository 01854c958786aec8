import { collectDefaultMetrics, Registry } from 'prom-client';

/** A registry of its own for each started service, so that several live in one process. */
export function createRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}
