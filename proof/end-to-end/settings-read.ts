import { readCrmConfig } from '@doorstep/crm/src/config.ts';
import { readInventoryConfig } from '@doorstep/inventory/src/config.ts';
import { readMiddlewareConfig } from '@doorstep/middleware/src/config.ts';

export const readers = { crm: readCrmConfig, inventory: readInventoryConfig, middleware: readMiddlewareConfig };

/** The variables that a service reads. */
export function readBy(reader: (environment: Record<string, string>) => unknown): string[] {
  const names = new Set<string>();
  reader(new Proxy<Record<string, string>>({}, { get: (_target, name) => void names.add(String(name)) }));
  // proxies have lower-case names too
  return [...names].filter((name) => name === name.toUpperCase());
}
