import { call } from '@doorstep/kit/test/call.ts';
import { hostileRequests } from '@doorstep/kit/test/hostile-requests.ts';
import { type ApiDocument, type Operation, sourceOf, validRequests } from '@doorstep/kit/test/openapi-requests.ts';
import { databasesTried, runsOf, tryEveryOperation } from '@doorstep/kit/test/openapi-run.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addItem, aPackage, makeKit, postPackage, startTestInventory, type TestInventory } from './start.ts';

const runs = runsOf(1);
/** The highest id that the requests use: enough rows exist, or existed, for it to be a real one. */
const ids = { max: Math.max(10, runs) };
const limits = ['max_quantity must be greater than min_quantity', 'quantity must be at most max_quantity'].join('|');
/** For rules that a schema cannot express. */
const rightRefusals = new RegExp(
  `^(${[
    `(${limits})(; (${limits}))?`,
    String.raw`Give exactly one of quantity_change \(in the query or the body\) and quantity \(in the body\)`,
    String.raw`Item \d+ not found(; Item \d+ not found)*`,
    String.raw`items\.\d+\.item_id is a duplicate(; items\.\d+\.item_id is a duplicate)*`,
  ].join('|')})$`,
);

describe.each(databasesTried)('the Inventory on %s, tested by its OpenAPI document,', (kind) => {
  let inventory: TestInventory;
  let document: ApiDocument;

  beforeAll(async () => {
    inventory = await startTestInventory(kind);
    document = (await call(inventory, 'GET /openapi.json')).body;
    for (let count = 1; count < 10; count += 1) await addItem(inventory, { quantity: 5, customer_id: count });
    // the example type of the document, so that some of its packages have items and others wait
    await makeKit(inventory, [{ item_id: 1, quantity: 1 }], 'welcome_pack_v1');
    for (let count = 1; count < 10; count += 1) await postPackage(inventory, aPackage());
  });
  afterAll(() => inventory[Symbol.asyncDispose]());

  it('accepts valid requests, and responds as documented', async () => {
    const source = sourceOf(document, ids);
    const requestsTo = (operation: Operation) => validRequests(operation, source);
    const run = { name: `valid requests on ${kind}`, service: inventory, document, runs, requestsTo };

    const statuses = await tryEveryOperation({ ...run, rightRefusals });

    for (const status of runs < 10 ? [200] : [200, 201]) expect(statuses.get(status)).toBeGreaterThan(0);
  });

  it('responds as documented to hostile requests', async () => {
    const source = sourceOf(document, ids);
    const requestsTo = (operation: Operation) => hostileRequests(operation, source);
    const run = { name: `anything, on ${kind}`, service: inventory, document, runs, requestsTo };

    const statuses = await tryEveryOperation(run);

    for (const status of runs < 10 ? [200] : [200, 400]) expect(statuses.get(status)).toBeGreaterThan(0);
  });
});
