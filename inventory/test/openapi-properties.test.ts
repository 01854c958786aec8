import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { hostileRequests } from '@doorstep/kit/test/hostile-requests.ts';
import { type ApiDocument, type Operation, sourceOf, validRequests } from '@doorstep/kit/test/openapi-requests.ts';
import { runsOf, tryEveryOperation } from '@doorstep/kit/test/openapi-run.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aPackage, postPackage, startTestInventory, type TestInventory } from './start.ts';

const runs = runsOf(1);
const timeout = 30_000 + runs * 5_000;
const ids = { max: Math.max(10, runs) };

describe.each(databases)('by the OpenAPI document, the Inventory on %s', (kind) => {
  let inventory: TestInventory;
  let document: ApiDocument;

  beforeAll(async () => {
    inventory = await startTestInventory(kind);
    document = (await call(inventory, 'GET /openapi.json')).body;
    for (let count = 1; count < 10; count += 1) await postPackage(inventory, aPackage());
  });
  afterAll(() => inventory[Symbol.asyncDispose]());

  it('takes what is allowed, and answers as documented', { timeout }, async () => {
    const source = sourceOf(document, ids);
    const requestsTo = (operation: Operation) => validRequests(operation, source);
    const run = { name: `what is allowed, on ${kind}`, service: inventory, document, runs, requestsTo };

    const statuses = await tryEveryOperation({ ...run, rightRefusals: /^$/ });

    for (const status of runs < 10 ? [200] : [200, 201]) expect(statuses.get(status)).toBeGreaterThan(0);
  });

  it('answers as documented, whatever it is sent', { timeout }, async () => {
    const source = sourceOf(document, ids);
    const requestsTo = (operation: Operation) => hostileRequests(operation, source);
    const run = { name: `anything, on ${kind}`, service: inventory, document, runs, requestsTo };

    const statuses = await tryEveryOperation(run);

    for (const status of runs < 10 ? [200] : [200, 400]) expect(statuses.get(status)).toBeGreaterThan(0);
  });
});
