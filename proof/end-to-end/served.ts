import { readCrmConfig } from '@doorstep/crm/src/config.ts';
import { startCrm } from '@doorstep/crm/src/crm.ts';
import { readInventoryConfig } from '@doorstep/inventory/src/config.ts';
import { startInventory } from '@doorstep/inventory/src/inventory.ts';
import type { Running } from '@doorstep/kit/process/lifecycle.ts';
import { call } from '@doorstep/kit/test/call.ts';
import { type DatabaseKind, freshDatabase } from '@doorstep/kit/test/databases.ts';
import { readMiddlewareConfig } from '@doorstep/middleware/src/config.ts';
import { startMiddleware } from '@doorstep/middleware/src/middleware.ts';

export const serviceNames = ['crm', 'inventory', 'middleware'] as const;

export type ServiceName = (typeof serviceNames)[number];

export const admin = { username: 'admin', password: 'correct horse battery' };

/** The three services in this process, connected to each other. */
export async function serveAll(kind: DatabaseKind = 'sqlite', more: Record<string, string> = {}) {
  await using resources = new AsyncDisposableStack();
  const { dataDir, url } = resources.use(await freshDatabase(kind));
  const settings = {
    DATA_DIR: dataDir,
    ...(kind === 'postgres' && { DATABASE_URL: url }),
    PORT: '0',
    LOG_LEVEL: 'error',
    ADMIN_PASSWORD: admin.password,
  };
  const inventory = resources.use(await startInventory(readInventoryConfig(settings)));
  const crm = resources.use(await startCrm(readCrmConfig({ ...settings, INVENTORY_SERVICE_URL: inventory.url })));
  const neighbours = { CRM_SERVICE_URL: crm.url, INVENTORY_SERVICE_URL: inventory.url, POLL_CRON: '* * * * * *' };
  const middleware = await startMiddleware(readMiddlewareConfig({ ...settings, ...neighbours, ...more }));
  resources.use(middleware);
  const services: Record<ServiceName, Running> = { crm, inventory, middleware };
  const running = resources.move();
  return { services, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

export async function documentOf(service: { url: string }) {
  return (await call(service, 'GET /openapi.json')).body;
}

/** The headers of the admin. */
export async function asAdmin(crm: { url: string }): Promise<Record<string, string>> {
  const { body } = await call(crm, 'POST /v1/auth/login', { body: admin });
  return { Authorization: `Bearer ${body.access_token}` };
}
