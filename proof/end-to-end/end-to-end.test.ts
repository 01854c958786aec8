import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { runToItsEnd } from '@doorstep/kit/test/spawn-service.ts';
import { describe, expect, it } from 'vitest';
import { addAll, type Customer, everyCustomerHasOnePackage, numbered, readFeed, startThree } from './three-services.ts';

describe.each(databases)('three services on %s', (kind) => {
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

  it('refuse a second daemon on the same ledger, and name the first', async () => {
    await using three = await startThree(kind);
    const { code, output } = await runToItsEnd('middleware', { ...three.settings('middleware'), PORT: '0' });
    expect(code).toBe(1);
    expect(output).toContain(`Another daemon already uses this ledger: process ${three.middleware.process.pid} on `);
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
