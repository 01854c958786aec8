import { call } from '@doorstep/kit/test/call.ts';
import { databases, freshDatabase } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { spawnService } from '@doorstep/kit/test/spawn-service.ts';
import { describe, expect, it } from 'vitest';
import type { Customer } from '../src/customer.ts';
import { aCustomer, addCustomer, crmEnvironment, readFeed, startCrmOn } from './start.ts';

describe.each(databases)('a customer that the CRM has confirmed on %s', (kind) => {
  it('survives kill -9 in the middle of many requests', async () => {
    await using database = await freshDatabase(kind);
    await using doomed = await spawnService('crm', crmEnvironment(database));
    const answered: Customer[] = [];
    const writers = Array.from({ length: 20 }, () => addUntilItFails(doomed, answered));

    await eventually(() => answered.length >= 200);
    await doomed.end('SIGKILL');
    await Promise.all(writers);
    await using next = await startCrmOn(database);

    const stored = new Map((await readFeed(next)).map((customer) => [customer.id, customer]));
    expect(answered.filter((customer) => !stored.has(customer.id))).toEqual([]);
    expect(answered.map(({ id }) => stored.get(id))).toEqual(answered);
    const highest = Math.max(...stored.keys());
    expect((await addCustomer(next)).id).toBeGreaterThan(highest);
  });
});

describe('a CRM that is stopped', () => {
  it('answers the requests in flight and stores nothing that it has not answered', async () => {
    await using database = await freshDatabase('sqlite');
    await using stopped = await spawnService('crm', crmEnvironment(database));
    const answered: Customer[] = [];
    const writers = Array.from({ length: 20 }, () => addUntilItFails(stopped, answered));

    await eventually(() => answered.length >= 100);
    const code = await stopped.end('SIGTERM');
    const failures = (await Promise.all(writers)).map(({ message }) => message);
    await using next = await startCrmOn(database);

    expect(code).toBe(0);
    expect(new Set(failures)).toEqual(new Set(['no answer to POST /customers']));
    expect(await readFeed(next)).toEqual(answered.sort((a, b) => a.id - b.id));
  });
});

async function addUntilItFails(crm: { url: string }, answered: Customer[]): Promise<Error> {
  for (;;) {
    try {
      const { status, body } = await call(crm, 'POST /customers', { body: aCustomer() });
      if (status !== 201) return new Error(`answered ${status}`);
      answered.push(body);
    } catch (error) {
      return error as Error;
    }
  }
}
