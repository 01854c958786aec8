import { databases } from '@doorstep/kit/test/databases.ts';
import nock from 'nock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { repair } from '../src/commands/repair.ts';
import { reconcile } from '../src/reconcile/reconcile.ts';
import { createSync } from '../src/sync.ts';
import { owner, testContext } from './fakes.ts';
import { anEntry, textNeighbours } from './text-neighbours.ts';

beforeEach(() => nock.disableNetConnect());
afterEach(() => {
  nock.cleanAll();
  nock.enableNetConnect();
});

describe.each(databases)('a CRM with text ids that has deleted the customer it listed last, on %s', (kind) => {
  async function aSync(ids: string[], afterUnknown: 'nothing' | '404') {
    const both = textNeighbours(ids.map(anEntry), { honoursAfter: true, pageSize: 2, afterUnknown });
    const { source, target } = both;
    const test = await testContext(kind, { source, target });
    const sync = createSync(test.context, owner);
    await sync.runOnce();
    both.asked.length = 0;
    return { ...test, ...both, sync };
  }
  const served = ({ packages }: Pick<ReturnType<typeof textNeighbours>, 'packages'>) =>
    packages.map(({ customerId }) => customerId);

  it.each(['nothing', '404'] as const)('still has its new customers found, if it answers %s', async (answer) => {
    await using test = await aSync(['a', 'b', 'c', 'd', 'e'], answer);
    test.entries.pop();
    test.entries.push(anEntry('f'));
    test.clock.advance(60_000);
    await test.sync.runOnce();
    expect(served(test).at(-1)).toBe('f');
    test.entries.push(anEntry('g'));
    await test.sync.runOnce();
    expect(served(test).at(-1)).toBe('g');
    expect(test.sync.lastPoll()?.outcome).toBe('found');
  });

  it('is read from its beginning after a restart too, and once a minute at most', async () => {
    await using test = await aSync(['a', 'b', 'c'], 'nothing');
    test.entries.splice(1, 2, anEntry('d'));
    const sync = createSync(test.context, owner);
    await sync.runOnce();
    expect(served(test).at(-1)).toBe('d');
    test.entries.splice(0);
    test.asked.length = 0;
    for (let polls = 0; polls < 12; polls += 1) {
      test.clock.advance(5_000);
      await sync.runOnce();
    }
    expect(test.asked.length).toBeLessThanOrEqual(12 + 2);
  });

  it('has its list read again only from the last page, while that shows the customer', async () => {
    await using test = await aSync(['a', 'b', 'c', 'd'], 'nothing');
    for (let minutes = 0; minutes < 2; minutes += 1) {
      test.clock.advance(60_000);
      await test.sync.runOnce();
      await test.sync.runOnce();
    }
    expect(test.asked.map((search) => new URLSearchParams(search).get('after'))).toEqual([
      ...['d', 'b', 'd', 'd', 'b', 'd'],
    ]);
  });

  it('has its unrecorded customers named as missing, and repaired', async () => {
    await using test = await aSync(['a', 'b', 'c'], 'nothing');
    test.entries.splice(0, 1, anEntry('new'));
    test.entries.push(anEntry('next'));
    const found: string[] = [];
    const result = await reconcile(test.context, {
      onException: ({ detail }) => found.push(detail),
      onMissing: (customers) =>
        repair(
          test.context,
          customers.map(({ customerId }) => customerId),
        ),
    });
    expect(found).toEqual(['customer new: not recorded by any poll yet']);
    expect(result).toMatchObject({ reconciliation: { onTheirWay: 1 } });
    await test.sync.settle();
    expect(served(test)).toEqual(['a', 'b', 'c', 'new']);
    test.entries.pop();
    test.entries.pop();
    test.entries.push(anEntry('other'));
    const again = await reconcile(test.context, { onException: ({ detail }) => found.push(detail) });
    expect(found.at(-1)).toBe('customer other: not recorded by any poll yet');
    expect(again).toMatchObject({ reconciliation: { onTheirWay: 0, proven: false } });
  });
});
