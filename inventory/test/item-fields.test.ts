import { type Answer, call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { inputsOf } from '@doorstep/kit/test/distinct-inputs.ts';
import type { ApiDocument } from '@doorstep/kit/test/openapi-requests.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestInventory, type TestInventory } from './start.ts';

/** A schema cannot express how one quantity limits another. */
const quantities = { min_quantity: 3, quantity: 7, max_quantity: 50 };
const otherQuantities = { min_quantity: 4, quantity: 8, max_quantity: 60 };

describe.each(databases)('every input field of an item on %s', (kind) => {
  let inventory: TestInventory;
  let document: ApiDocument;
  beforeAll(async () => {
    inventory = await startTestInventory(kind);
    document = (await call(inventory, 'GET /openapi.json')).body;
  });
  afterAll(() => inventory[Symbol.asyncDispose]());

  async function expectEverywhere({ body }: Answer, given: Record<string, unknown>) {
    const { items } = (await call(inventory, 'GET /api/v1/items?size=100')).body;
    const places = {
      answer: body,
      item: (await call(inventory, `GET /api/v1/items/${body.id}`)).body,
      list: items.find(({ id }: { id: number }) => id === body.id),
    };
    for (const [place, item] of Object.entries(places)) expect(item, `the ${place}`).toMatchObject(given);
  }

  it('of a POST appears in the response, the item and the list', async () => {
    const given = { ...inputsOf(document, 'POST /api/v1/items', 1)[0], ...quantities };

    const answer = await call(inventory, 'POST /api/v1/items', { body: given });

    expect(Object.keys(given)).toEqual(expect.arrayContaining(['name', 'sku', 'price', 'customer_id']));
    expect(answer).toMatchObject({ status: 201 });
    await expectEverywhere(answer, given);
  });

  it('of a PUT appears in the response, the item and the list', async () => {
    const [before, after] = inputsOf(document, 'PUT /api/v1/items/{id}', 100);
    const { body } = await call(inventory, 'POST /api/v1/items', { body: { ...before, ...quantities } });
    const given = { ...after, ...otherQuantities };

    const answer = await call(inventory, `PUT /api/v1/items/${body.id}`, { body: given });

    expect(Object.keys(given).sort()).toEqual(Object.keys(inputsOf(document, 'POST /api/v1/items', 1)[0]).sort());
    expect(answer).toMatchObject({ status: 200 });
    await expectEverywhere(answer, given);
  });
});
