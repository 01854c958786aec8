import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { runToItsEnd } from '@doorstep/kit/test/spawn-service.ts';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLosingProxy } from './losing-proxy.ts';
import {
  addAll,
  type Customer,
  delivered,
  everyCustomerHasOnePackage,
  numbered,
  readFeed,
  startThree,
} from './three-services.ts';

type Shown = Customer & { integration_status: string };

describe.each(databases)('three services on %s', (kind) => {
  let three: Awaited<ReturnType<typeof startThree>>;
  beforeAll(async () => {
    three = await startThree(kind);
  });
  afterAll(() => three[Symbol.asyncDispose]());

  it('send one package to each of 59 real customers, names intact', async () => {
    const { crm, inventory, middleware } = three;
    const lines = (await readFile(join(import.meta.dirname, 'customers.jsonl'), 'utf8')).trim().split('\n');
    const customers = lines.map((line) => JSON.parse(line));
    await addAll(crm, customers);
    await everyCustomerHasOnePackage(crm, inventory);
    await eventually(async () => {
      for (const { integration_status } of await readFeed<Shown>(crm, '/customers')) {
        expect(integration_status).toBe('Package request created successfully');
      }
    });
    const shown = await readFeed<Shown>(crm, '/customers');
    const added = customers.map(({ email }) => shown.find((customer) => customer.email === email));
    expect(added.map((customer) => customer?.name)).toEqual(customers.map(({ name }) => name));
    const { body } = await call(middleware, `GET /deliveries/${added[0]?.id}`);
    expect(body).toMatchObject({ state: 'delivered', attempts: 1, history: [{ status: 201, error: null }] });
    expect(middleware.output()).toMatch(/poll: \d+ new customers?, cursor \d+/);
    expect(middleware.output()).toMatch(/package \d+ for customer \d+ \(.+\) created in \d+ ms/);
  });

  it('refuse a second daemon on the same ledger, and name the first', async () => {
    const { code, output } = await runToItsEnd('middleware', { ...three.settings('middleware'), PORT: '0' });
    expect(code).toBe(1);
    expect(output).toContain(`Another daemon already uses this ledger: process ${three.middleware.process.pid} on `);
  });

  it('send one package each though the daemon is killed again and again', async () => {
    const before = await delivered(three.middleware);
    const adding = addAll(three.crm, numbered(60, 'daemon'));
    for (const enough of [10, 30]) {
      await eventually(async () => (await delivered(three.middleware)) >= before + enough);
      await three.kill('middleware');
      await three.restart('middleware');
    }
    await adding;
    await everyCustomerHasOnePackage(three.crm, three.inventory);
  });

  it('send one package each though the Inventory and the CRM are killed in mid-work', async () => {
    const before = await delivered(three.middleware);
    const adding = addAll(three.crm, numbered(60, 'neighbour'));
    await eventually(async () => (await delivered(three.middleware)) >= before + 10);
    await three.kill('inventory');
    await three.kill('crm');
    await three.restart('crm');
    await three.restart('inventory');
    await adding;
    await everyCustomerHasOnePackage(three.crm, three.inventory);
  });

  it('send one package each though replies are lost: the post is repeated, and creates no second one', async () => {
    const INVENTORY_SERVICE_URL = three.inventory.url;
    await three.kill('middleware');
    await using proxy = await startLosingProxy(INVENTORY_SERVICE_URL, 20);
    await addAll(three.crm, numbered(40, 'lost'));
    await three.restart('middleware', { INVENTORY_SERVICE_URL: proxy.url });
    try {
      await everyCustomerHasOnePackage(three.crm, three.inventory);
      expect(proxy.lost()).toBe(20);
      // an attempt may lose all of its four posts
      const repeated = three.middleware.output().match(/was there already/g) ?? [];
      expect(repeated.length).toBeGreaterThanOrEqual(20 / 4);
    } finally {
      // the other tests need a daemon without the proxy
      await three.kill('middleware');
      await three.restart('middleware', { INVENTORY_SERVICE_URL });
    }
  });

  const itOnPostgres = kind === 'postgres' ? it : () => undefined; // SQLite has no connections to drop
  itOnPostgres('send one package each though the database drops every connection', async () => {
    const before = await delivered(three.middleware);
    const adding = addAll(three.crm, numbered(120, 'dropped'));
    const server = new pg.Client(three.settings('crm')['DATABASE_URL']);
    await server.connect();
    for (const enough of [10, 40, 70]) {
      await eventually(async () => (await delivered(three.middleware)) >= before + enough);
      await server.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()',
      );
    }
    await server.end();
    await adding;
    await everyCustomerHasOnePackage(three.crm, three.inventory);
  });
});

describe('access', () => {
  it('is granted to the daemon where tokens are required, and nobody without one', async () => {
    const secured = { REQUIRE_AUTH: 'true', ADMIN_PASSWORD: 'a long enough password' };
    await using three = await startThree('sqlite', { crm: secured, inventory: secured, middleware: secured });
    const { crm, inventory, middleware } = three;
    expect((await call(crm, 'POST /customers', { body: numbered(1, 'x')[0] })).status).toBe(401);
    expect((await call(inventory, 'GET /packages')).status).toBe(401);
    expect((await call(middleware, 'GET /status')).status).toBe(401);
    const login = { username: 'admin', password: secured.ADMIN_PASSWORD };
    const { body } = await call(crm, 'POST /v1/auth/login', { body: login });
    const headers = { Authorization: `Bearer ${body.access_token}`, Prefer: 'wait=20' };
    const added = await call(crm, 'POST /customers', { body: numbered(1, 'x')[0], headers });
    expect(added).toMatchObject({ status: 201, body: { integration: { state: 'delivered', package_id: 1 } } });
    expect((await call(middleware, 'GET /status', { headers })).status).toBe(200);
    expect((await call(middleware, 'GET /health')).status).toBe(200);
  });
});
