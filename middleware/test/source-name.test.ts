import { createHttpClient } from '@doorstep/kit/client/http-client.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import nock from 'nock';
import { afterEach, describe, expect, it } from 'vitest';
import { isUsable } from '../src/adapters/inventory-answers.ts';
import { inventoryClient } from '../src/adapters/inventory-client.ts';
import { readMiddlewareConfig } from '../src/config.ts';
import { moveCursor } from '../src/db/cursor.ts';
import { inventoryNames } from '../src/inventory-names.ts';
import { openContext } from '../src/open-context.ts';
import { createSync } from '../src/sync.ts';
import { aCommandLine } from './a-command-line.ts';
import { aDaemon, aNeighbourhood, idsOf } from './a-daemon.ts';
import { fakeLogger, fakeSource, manyCustomers, owner, testContext } from './fakes.ts';

const baseUrl = 'http://inventory.test';
const names = { packageType: 'welcome_pack_v1', sourceName: 'berlin' };

function client() {
  const http = createHttpClient({ baseUrl, timeoutMs: 2_000, connectionsMax: 4, token: async () => 'token', isUsable });
  return inventoryClient(http, {
    ...names,
    idempotency: async () => 'permanent',
    retriesMax: 0,
    firstWaitMs: 1,
    random: () => 0.5,
    onQuickRetry: () => undefined,
  });
}

describe('the customers of a source with a name', () => {
  afterEach(() => nock.cleanAll());

  it('get packages under that name, with a key of that name', async () => {
    const posted: unknown[] = [];
    nock(baseUrl)
      .post('/packages')
      .reply(201, async (request: Request) => {
        posted.push(request.headers.get('idempotency-key'), await request.json());
        return { id: 12 };
      });
    await using test = await testContext('sqlite', {
      source: fakeSource(manyCustomers(1)),
      target: client(),
      names: inventoryNames(names),
    });
    await createSync(test.context, owner).runOnce();
    expect(posted).toEqual([
      'welcome-berlin:1',
      { customerId: 'berlin:1', customerName: 'Customer 1', packageType: 'welcome_pack_v1' },
    ]);
  });

  it('are posted in groups under that name', async () => {
    nock(baseUrl).get('/packages').query({ customerId: 'berlin:7' }).reply(200, []);
    const packages = [{ customerId: 'berlin:7', customerName: 'Luís', idempotencyKey: 'welcome-berlin:7' }];
    const body = { packages: packages.map((one) => ({ ...one, packageType: 'welcome_pack_v1' })) };
    nock(baseUrl)
      .post('/packages/batch', body)
      .reply(200, { results: [{ status: 201, package: { id: 1 } }] });
    const request = { customerId: 7, customerName: 'Luís', idempotencyKey: 'welcome-berlin:7' };
    expect(await client().createMany([request])).toMatchObject({ answers: [{ kind: 'delivered', packageId: 1 }] });
  });

  it('are looked up under that name, and those of another source are not theirs', async () => {
    const aPackage = (id: number, customerId: unknown) => ({ id, customerId, packageType: 'welcome_pack_v1' });
    nock(baseUrl)
      .get('/packages')
      .query({ customerId: 'berlin:7' })
      .reply(200, [aPackage(1, 'paris:7'), aPackage(2, 7), aPackage(3, 'berlin:7')]);
    expect(await client().find(7)).toEqual({ kind: 'found', packageId: 3 });
    nock(baseUrl)
      .get('/packages')
      .query({ customerId: 'berlin:3,berlin:7,berlin:8,berlin:9', limit: 1_000 })
      .reply(200, [aPackage(1, 'berlin:3'), aPackage(2, 'berlin:8'), aPackage(3, 'berlin:9')]);
    expect(await client().findMany([7, 8], [3, 9])).toEqual({
      kind: 'found',
      packages: new Map([[8, { packageId: 2 }]]),
    });
    nock(baseUrl)
      .get('/packages')
      .query({ after: 0, limit: 1_000 })
      .reply(200, [aPackage(1, 'paris:7'), aPackage(2, 'berlin:7')]);
    expect(await client().fetchPackages(0)).toMatchObject({
      packages: [
        { id: 1, customerId: undefined, isOfOtherSource: true },
        { id: 2, customerId: 7 },
      ],
    });
  });

  it.each(['', ' ', 'a b', 'a:b', 'a,b', 'a\tb', 'x'.repeat(51)])('cannot have the name %j, but none', (name) => {
    if (name === '') expect(readMiddlewareConfig({ SOURCE_NAME: name }).sourceName).toBeUndefined();
    else expect(() => readMiddlewareConfig({ SOURCE_NAME: name })).toThrow(/^SOURCE_NAME .*1 to 50 visible characters/);
  });
});

describe.each(databases)('a ledger on %s', (kind) => {
  it('belongs to one source once it has a customer', async () => {
    await using neighbourhood = await aNeighbourhood(kind);
    const open = (SOURCE_NAME = '') =>
      openContext(readMiddlewareConfig({ ...neighbourhood.settings, SOURCE_NAME }), fakeLogger());
    const opens = async (name?: string) => (await open(name))[Symbol.asyncDispose]();
    await opens();
    await opens('paris');
    {
      await using opened = await open('berlin');
      await opened.context.write((trx) => moveCursor(trx, 7));
    }
    await opens('berlin');
    await expect(open('paris')).rejects.toThrow(
      'The ledger has customers of SOURCE_NAME "berlin", but SOURCE_NAME is "paris", and their ids would be mixed: set SOURCE_NAME to "berlin", or give the new CRM a ledger of its own (DATABASE_URL or DATA_DIR).',
    );
    await expect(open()).rejects.toThrow('but SOURCE_NAME is not set');
    await opens('berlin');
  });

  it('that has customers of a source without a name refuses a name, on the command line too', async () => {
    await using line = await aCommandLine(kind, { customers: 1 });
    expect((await line.run('poll')).code).toBe(0);
    const refused = await line.run('status', { SOURCE_NAME: 'berlin' });
    expect(refused.code).not.toBe(0);
    expect(refused).toMatchObject({
      out: '',
      err: expect.stringContaining('without a SOURCE_NAME, but SOURCE_NAME is'),
    });
    expect((await line.run('status')).code).toBe(0);
  });

  it('knows its customers by their ids with and without the name of the source', async () => {
    const environment = { SOURCE_NAME: 'berlin' };
    await using line = await aCommandLine(kind, { customers: 2, environment });
    line.crm.customers.push({ id: 'u:1', name: 'Alice' });
    expect((await line.run('poll')).code).toBe(0);
    for (const id of ['2', 'berlin:2', 'u:1', 'berlin:u:1']) {
      expect(await line.run(`explain ${id}`), id).toMatchObject({
        code: 0,
        out: expect.stringContaining('recorded'),
      });
      expect((await line.run(`replay ${id}`)).code, id).toBe(0);
    }
    expect(await line.run('explain berlin:3')).toMatchObject({ code: 1, out: 'The CRM has no customer 3.\n' });
    expect((await line.run('explain paris:2')).out).toBe('The CRM has no customer paris:2.\n');
    expect((await line.run('deliveries --after berlin:1')).out).not.toContain('Customer 1');
  });

  it('serves its customers by their ids with the name of the source over HTTP', async () => {
    await using daemon = await aDaemon(kind, { environment: { SOURCE_NAME: 'berlin' }, customers: 2 });
    await daemon.becomes(2, 'delivered');
    const { package_id } = await daemon.get('/deliveries/2');
    expect(await daemon.get('/deliveries/berlin:2')).toMatchObject({ customer_id: 2, package_id });
    expect(await daemon.get('/deliveries/berlin%3A2')).toMatchObject({ customer_id: 2 });
    expect(await daemon.post('/deliveries/berlin:2/settle', { package_id })).toMatchObject({ status: 200 });
    expect(await daemon.post('/deliveries/berlin:2/replay')).toMatchObject({ status: 200, body: { customer_id: 2 } });
    expect(idsOf(await daemon.get('/deliveries?after=berlin:1'))).toEqual([2]);
    expect((await daemon.post('/deliveries/paris:2/replay')).status).toBe(404);
  });
});
