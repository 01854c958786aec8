import { databases } from '@doorstep/kit/test/databases.ts';
import nock from 'nock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pause, resume } from '../src/commands/pause.ts';
import type { CustomerKey } from '../src/delivery.ts';
import { getDelivery } from '../src/queries/deliveries.ts';
import { createSync } from '../src/sync.ts';
import type { Kind } from './a-polled-ledger.ts';
import { fakeTarget, owner, testContext } from './fakes.ts';
import { anEntry, textNeighbours } from './text-neighbours.ts';

const pages = 20;
const ids = Array.from({ length: 2 * pages }, (_, index) => `c${String(index + 1).padStart(2, '0')}`);

beforeEach(() => nock.disableNetConnect());
afterEach(() => {
  nock.cleanAll();
  nock.enableNetConnect();
});

describe.each(databases)('customers with text ids that wait for more than a minute, on %s', (kind) => {
  /** 20 pages of customers; `onAsked` is called before the CRM answers. */
  async function aWaitingLedger(databaseKind: Kind, onAsked: (after: CustomerKey) => void = () => undefined) {
    const both = textNeighbours(ids.map(anEntry), { honoursAfter: true, pageSize: 2, afterUnknown: 'nothing' });
    const target = fakeTarget();
    const test = await testContext(databaseKind, { source: both.source, target });
    const sync = createSync(test.context, owner);
    await pause(test.context);
    await sync.runOnce();
    await resume(test.context);
    test.clock.advance(60_001);
    both.asked.length = 0;
    const { source } = both;
    test.context.source = {
      ...source,
      fetchPage(after, limit) {
        onAsked(after);
        return source.fetchPage(after, limit);
      },
    };
    const served = () => target.posts.map(({ customerId }) => customerId).toSorted();
    return { ...test, ...both, served, sync: createSync(test.context, owner) };
  }

  it('cost one reading of the list for all of them', async () => {
    await using test = await aWaitingLedger(kind);
    await test.sync.settle();
    expect(test.served()).toEqual(ids);
    expect(test.asked.length).toBeLessThanOrEqual(pages + 1);
  });

  it('get no package if they were deleted, which costs one more reading at most', async () => {
    await using test = await aWaitingLedger(kind);
    const deleted = ['c15', 'c31', 'c32'];
    test.entries.splice(0, ids.length, ...ids.filter((id) => !deleted.includes(id)).map(anEntry));
    await test.sync.settle();
    expect(test.served()).toEqual(ids.filter((id) => !deleted.includes(id)));
    for (const id of deleted) {
      const error = 'the CRM has this customer no longer';
      expect(await getDelivery(test.context, id)).toMatchObject({ state: 'dead', error });
    }
    expect(test.asked.length).toBeLessThanOrEqual(2 * pages + 2);
  });

  it('are never taken for deleted ones because the customer was, after which the reading went on', async () => {
    const place = 'c10';
    await using test = await aWaitingLedger(kind, (after) => {
      const index = test.entries.findIndex(({ id }) => id === place);
      if (after === place && index >= 0) test.entries.splice(index, 1);
    });
    await test.sync.settle();
    expect(test.served()).toEqual(ids);
    expect(test.asked.length).toBeLessThanOrEqual(2 * pages);
  });
});
