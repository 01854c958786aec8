import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { runToItsEnd } from '@doorstep/kit/test/spawn-service.ts';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { startLosingProxy } from './losing-proxy.ts';
import { addCustomer, type Customer, everyCustomerHasOnePackage, readFeed, startThree } from './three-services.ts';

const numbered = (count: number, label: string) =>
  Array.from({ length: count }, (_, index) => ({ name: `${label} ${index}`, email: `${label}-${index}@example.com` }));

/** Ten clients at once. */
async function addAll(crm: { url: string }, customers: { name: string; email: string }[]): Promise<void> {
  const rest = customers.values();
  const client = async () => {
    for (const customer of rest) await addCustomer(crm, customer);
  };
  await Promise.all(Array.from({ length: 10 }, client));
}

const delivered = async (middleware: { url: string }): Promise<number> =>
  (await call(middleware, 'GET /status')).body.deliveries.delivered;

describe.each(databases)('three services on %s', { timeout: 120_000 }, (kind) => {
  it('send one package to each of 59 real customers, names intact', async () => {
    const lines = (await readFile(join(import.meta.dirname, 'customers.jsonl'), 'utf8')).trim().split('\n');
    await using three = await startThree(kind);
    const { crm, inventory, middleware } = three;
    const customers = lines.map((line) => JSON.parse(line));
    await addAll(crm, customers);
    await everyCustomerHasOnePackage(crm, inventory);
    const names = (await readFeed<Customer>(crm, '/customers')).map(({ name }) => name).sort();
    expect(names).toEqual(customers.map(({ name }) => name).sort());
    await eventually(async () => {
      const { body } = await call(crm, 'GET /customers');
      return body.every((customer: { integration_status: string }) => {
        return customer.integration_status === 'Package request created successfully';
      });
    });
    const { body } = await call(middleware, 'GET /deliveries/1');
    expect(body).toMatchObject({ state: 'delivered', attempts: 1, history: [{ status: 201, error: null }] });
    expect(middleware.output()).toMatch(/poll: \d+ new customers?, cursor \d+/);
    expect(middleware.output()).toMatch(/package \d+ for customer 1 \(.+\) created in \d+ ms/);
  });

  it('send one package each though the daemon is killed again and again', async () => {
    await using three = await startThree(kind);
    const adding = addAll(three.crm, numbered(300, 'daemon'));
    for (const enough of [20, 80, 160]) {
      await eventually(async () => (await delivered(three.middleware)) >= enough);
      await three.kill('middleware');
      await three.restart('middleware');
    }
    await adding;
    await everyCustomerHasOnePackage(three.crm, three.inventory);
  });

  it('send one package each though the Inventory and the CRM are killed in mid-work', async () => {
    await using three = await startThree(kind);
    const adding = addAll(three.crm, numbered(200, 'neighbour'));
    await eventually(async () => (await delivered(three.middleware)) >= 20);
    await three.kill('inventory');
    await three.kill('crm');
    await three.restart('crm');
    await three.restart('inventory');
    await adding;
    await everyCustomerHasOnePackage(three.crm, three.inventory);
  });

  it('refuse a second daemon on the same ledger, and name the first', async () => {
    await using three = await startThree(kind);
    const { code, output } = await runToItsEnd('middleware', { ...three.settings('middleware'), PORT: '0' });
    expect(code).toBe(1);
    expect(output).toContain(
      `Another daemon works on this ledger already: process ${three.middleware.process.pid} on `,
    );
  });
});

describe('three services whose PostgreSQL drops every connection', { timeout: 120_000 }, () => {
  it('go on with new ones, and send one package each', async () => {
    await using three = await startThree('postgres');
    const adding = addAll(three.crm, numbered(200, 'dropped'));
    const server = new pg.Client(three.settings('crm')['DATABASE_URL']);
    await server.connect();
    for (const enough of [10, 60, 120]) {
      await eventually(async () => (await delivered(three.middleware)) >= enough);
      await server.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()',
      );
    }
    await server.end();
    await adding;
    await everyCustomerHasOnePackage(three.crm, three.inventory);
  });
});

describe('a lost reply', { timeout: 60_000 }, () => {
  it('leads to one package, found by looking and not made again', async () => {
    await using outer = await startThree('sqlite');
    await outer.kill('middleware');
    await using proxy = await startLosingProxy(outer.inventory.url, 20);
    await addAll(outer.crm, numbered(40, 'lost'));
    await using three = await startThree('sqlite', {
      middleware: { CRM_SERVICE_URL: outer.crm.url, INVENTORY_SERVICE_URL: proxy.url },
    });
    await everyCustomerHasOnePackage(outer.crm, outer.inventory);
    expect(proxy.lost()).toBe(20);
    await eventually(() => three.middleware.output().match(/was there already/g)?.length === 20);
  });
});

describe('access', { timeout: 60_000 }, () => {
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
