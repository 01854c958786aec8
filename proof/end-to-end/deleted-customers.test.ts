import { readCrmConfig } from '@doorstep/crm/src/config.ts';
import { startCrm } from '@doorstep/crm/src/crm.ts';
import { readInventoryConfig } from '@doorstep/inventory/src/config.ts';
import { startInventory } from '@doorstep/inventory/src/inventory.ts';
import { createTokens } from '@doorstep/kit/auth/tokens.ts';
import { call } from '@doorstep/kit/test/call.ts';
import { databases, freshDatabase, startedPatiently } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { readMiddlewareConfig } from '@doorstep/middleware/src/config.ts';
import { startMiddleware } from '@doorstep/middleware/src/middleware.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const JWT_SECRET_KEY = 'a key of no less than 32 bytes here';
const never = '0 0 0 1 1 *';

type Service = { url: string };

describe.each(databases)('a deleted customer, on %s', (kind) => {
  const resources = new AsyncDisposableStack();
  let crm: Service;
  let inventory: Service;
  let middleware: Service;
  let headers: Record<string, string>;
  beforeAll(async () => {
    const { dataDir, url } = resources.use(await freshDatabase(kind));
    const settings = {
      DATA_DIR: dataDir,
      PORT: '0',
      LOG_LEVEL: 'error',
      ADMIN_PASSWORD: 'correct horse battery staple',
      JWT_SECRET_KEY,
      ...(kind === 'postgres' && { DATABASE_URL: url }),
    };
    crm = resources.use(await startedPatiently(() => startCrm(readCrmConfig(settings))));
    inventory = resources.use(await startedPatiently(() => startInventory(readInventoryConfig(settings))));
    const neighbours = { CRM_SERVICE_URL: crm.url, INVENTORY_SERVICE_URL: inventory.url };
    // polls only on request, and reconciles every second
    const crons = { POLL_CRON: never, RECONCILE_CRON: '* * * * * *' };
    middleware = resources.use(
      await startedPatiently(() => startMiddleware(readMiddlewareConfig({ ...settings, ...neighbours, ...crons }))),
    );
    // waits for the poll at start-up
    await eventually(async () => expect((await call(middleware, 'GET /status')).body.last_poll).not.toBeNull());
    const claims = { subject: 'admin', role: 'admin', version: 1 };
    headers = { Authorization: `Bearer ${await createTokens(JWT_SECRET_KEY).sign(claims, 86_400)}` };
  });
  afterAll(() => resources.disposeAsync());

  const add = async (name: string): Promise<number> => {
    const body = { name, email: `${name}@example.com` };
    return (await call(crm, 'POST /customers', { body })).body.id;
  };
  const remove = (id: number) => call(crm, `DELETE /v1/customers/${id}`, { headers });
  const restore = (id: number) => call(crm, `POST /v1/customers/${id}/restore`, { headers });
  const packagesOf = async (id: number) => (await call(inventory, `GET /packages?customerId=${id}`)).body.length;
  const poll = () => call(middleware, 'POST /poll');
  const reconciliation = async () => (await call(middleware, 'GET /status')).body.reconciliation;

  it('gets no package if deleted before any poll, and exactly one once restored', async () => {
    const deleted = await add('dora');
    await remove(deleted);
    const later = await add('erin');
    await poll();
    await eventually(async () => expect(await packagesOf(later)).toBe(1));
    expect(await packagesOf(deleted)).toBe(0);

    await restore(deleted);

    await eventually(async () => {
      // the reconciliation records her, and the next poll delivers
      await poll();
      expect(await packagesOf(deleted)).toBe(1);
    });
  });

  it('gets exactly one package if deleted and restored again after the reconciliation has found her', async () => {
    await call(middleware, 'POST /pause');
    const deleted = await add('heidi');
    await remove(deleted);
    await add('ivan');
    await poll();
    await restore(deleted);
    const delivery = () => call(middleware, `GET /deliveries/${deleted}`);
    await eventually(async () => expect((await delivery()).status).toBe(200));
    await remove(deleted);
    await call(middleware, 'POST /resume');
    await eventually(async () => expect((await delivery()).body.state).toBe('dead'));

    await restore(deleted);

    await eventually(async () => {
      await poll();
      expect(await packagesOf(deleted)).toBe(1);
    });
  });

  it('is no exception in the reconciliation if deleted after she got her package', async () => {
    const gone = await add('frank');
    await poll();
    await eventually(async () => expect(await packagesOf(gone)).toBe(1));
    await remove(gone);
    const later = await add('grace');
    await poll();
    await eventually(async () => expect(await packagesOf(later)).toBe(1));

    await eventually(async () => expect(await reconciliation()).toMatchObject({ proven: true, departed: 1 }));
    expect(await packagesOf(gone)).toBe(1);
  });
});
