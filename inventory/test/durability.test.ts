import { call } from '@doorstep/kit/test/call.ts';
import { databases, freshDatabase } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { spawnService } from '@doorstep/kit/test/spawn-service.ts';
import { describe, expect, it } from 'vitest';
import type { WelcomePackage } from '../src/package.ts';
import {
  addItem,
  aPackage,
  inventoryEnvironment,
  postPackage,
  readMovements,
  readPackages,
  startInventoryOn,
} from './start.ts';

describe.each(databases)('an answered request on %s', (kind) => {
  it('survives kill -9 among many requests, with its idempotency key', async () => {
    await using database = await freshDatabase(kind);
    await using doomed = await spawnService('inventory', inventoryEnvironment(database));
    const answered: WelcomePackage[] = [];
    const writers = Array.from({ length: 20 }, () => addUntilItFails(doomed, answered));

    await eventually(() => answered.length >= 200);
    await doomed.end('SIGKILL');
    await Promise.all(writers);
    await using next = await startInventoryOn(database);

    const stored = new Map((await readPackages(next)).map((made) => [made.id, made]));
    expect(answered.map(({ id }) => stored.get(id))).toEqual(answered);
    const [{ customerId } = { customerId: 0 }] = answered.slice(-1);
    expect(await postPackage(next, aPackage(), keyOf(customerId))).toMatchObject({ status: 422 });
    expect(await postPackage(next, aPackage({ customerId }), keyOf(customerId))).toMatchObject({ status: 200 });
  });

  it('that changes a stock happens once, even if it is repeated after kill -9 took its answer', async () => {
    await using database = await freshDatabase(kind);
    await using doomed = await spawnService('inventory', inventoryEnvironment(database));
    const { id } = await addItem(doomed, { quantity: 0 });
    const asked: string[] = [];
    let answered = 0;
    const writers = Array.from({ length: 20 }, async () => {
      for (let status = 200; status === 200; answered += 1) {
        asked.push(`delivery-${asked.length}`);
        status = (await addOne(doomed, id, asked.at(-1)).catch(() => ({ status: 0 }))).status;
      }
    });

    await eventually(() => answered >= 200);
    await doomed.end('SIGKILL');
    await Promise.all(writers);
    await using next = await startInventoryOn(database);
    const again = await Promise.all(asked.map((key) => addOne(next, id, key)));

    const each = asked.map((_, index) => index + 1);
    expect((await readMovements(next, id)).map(({ after }) => after)).toEqual(each);
    expect(again.map(({ body }) => body.quantity).sort((a, b) => a - b)).toEqual(each);
  });
});

function addOne(inventory: { url: string }, id: number, key = '') {
  const options = { body: { quantity_change: 1 }, headers: { 'Idempotency-Key': key } };
  return call(inventory, `PATCH /api/v1/items/${id}/quantity`, options);
}

function keyOf(customerId: unknown): string {
  return `welcome-${customerId}`;
}

async function addUntilItFails(inventory: { url: string }, answered: WelcomePackage[]): Promise<Error> {
  for (;;) {
    try {
      const given = aPackage();
      const { status, body } = await postPackage(inventory, given, keyOf(given.customerId));
      if (status !== 201) return new Error(`answered ${status}`);
      answered.push(body);
    } catch (error) {
      return error as Error;
    }
  }
}
