import { createHttpClient } from '@doorstep/kit/client/http-client.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import nock from 'nock';
import { afterEach, describe, expect, it } from 'vitest';
import { isUsable } from '../src/adapters/inventory-answers.ts';
import { inventoryClient } from '../src/adapters/inventory-client.ts';
import { ledgerSummary } from '../src/queries/ledger-summary.ts';
import { createSync } from '../src/sync.ts';
import { fakeSource, manyCustomers, owner, testContext } from './fakes.ts';

describe.each(databases)('a wrong token or address, the ledger on %s', (kind) => {
  afterEach(() => nock.cleanAll());

  it.each([401, 404])('opens the breaker if every answer is %i, and creates no dead letter', async (status) => {
    const baseUrl = 'http://inventory.test';
    nock(baseUrl).persist().post(/.*/).reply(status);
    const http = createHttpClient({ baseUrl, timeoutMs: 2_000, connectionsMax: 4, token: async () => 'old', isUsable });
    const options = { packageType: 'welcome_pack_v1', retriesMax: 0, firstWaitMs: 1, random: () => 0.5 };
    const idempotency = async () => undefined;
    const target = inventoryClient(http, { ...options, idempotency, onQuickRetry: () => undefined });
    await using test = await testContext(kind, { source: fakeSource(manyCustomers(20)), target });
    const sync = createSync(test.context, owner);
    for (let poll = 0; poll < 10; poll += 1) {
      await sync.runOnce();
      test.clock.advance(5_000);
    }
    expect(sync.breaker()).toBe('open');
    expect(await ledgerSummary(test.context)).toMatchObject({ deliveries: { dead: 0, delivered: 0 } });
    nock.cleanAll();
    nock(baseUrl).persist().post('/packages').reply(201, { id: 1 });
    await sync.runOnce();
    expect(await ledgerSummary(test.context)).toMatchObject({ deliveries: { delivered: 20 } });
  });
});
