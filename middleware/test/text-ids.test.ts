import { databases } from '@doorstep/kit/test/databases.ts';
import nock from 'nock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { replay } from '../src/commands/replay.ts';
import { stopFor, toStranger } from '../src/intake/same-crm.ts';
import { getDelivery, listDeliveries } from '../src/queries/deliveries.ts';
import { getStatus } from '../src/queries/get-status.ts';
import { createSync } from '../src/sync.ts';
import { busy, owner, testContext } from './fakes.ts';
import { anEntry, textNeighbours } from './text-neighbours.ts';

const uuids = [
  'f81d4fae-7dec-41d0-a765-00a0c91e6bf6',
  '0b0f0d5e-53c5-4d3c-9d2c-1d3f4a5b6c7d',
  '9a1c2b3d-0000-4000-8000-000000000001',
];

beforeEach(() => nock.disableNetConnect());
afterEach(() => {
  nock.cleanAll();
  nock.enableNetConnect();
});

describe.each(databases)('a CRM whose ids are text, the ledger on %s', (kind) => {
  async function aSync(neighbours: ReturnType<typeof textNeighbours>) {
    const { source, target } = neighbours;
    const test = await testContext(kind, { source, target });
    const sync = createSync(test.context, owner);
    return { ...test, sync, restart: () => createSync(test.context, owner) };
  }
  const served = ({ packages }: ReturnType<typeof textNeighbours>) => packages.map(({ customerId }) => customerId);

  it('gets one package per customer, under the id of the CRM, across a restart too', async () => {
    const both = textNeighbours(uuids.map(anEntry));
    await using test = await aSync(both);
    await test.sync.runOnce();
    await test.sync.runOnce();
    await test.restart().runOnce();
    expect(served(both).toSorted()).toEqual(uuids.toSorted());
    expect(both.packages.map(({ key }) => key).sort()).toEqual(uuids.map((id) => `welcome-${id}`).sort());
    expect(both.reports.map(({ customer_id }) => customer_id).sort()).toEqual(uuids.toSorted());
    expect(test.logger.lines.map(({ message }) => message)).toContain(
      'the CRM ignores `after`: these 3 customers are taken as its whole list',
    );
  });

  it('finds new customers wherever the list shows them', async () => {
    const both = textNeighbours([anEntry('b')]);
    await using test = await aSync(both);
    await test.sync.runOnce();
    both.entries.unshift(anEntry('a'));
    both.entries.push(anEntry('c'));
    await test.sync.runOnce();
    both.entries.reverse();
    await test.sync.runOnce();
    expect(served(both)).toEqual(['b', 'a', 'c']);
  });

  it('is read page by page, after the last id that it listed, if it can be', async () => {
    const entries = ['m', 'z', 'a', 'k', 'b'].map(anEntry);
    const both = textNeighbours(entries, { honoursAfter: true, pageSize: 2 });
    await using test = await aSync(both);
    await test.sync.runOnce();
    expect(served(both).toSorted()).toEqual(['a', 'b', 'k', 'm', 'z']);
    expect(both.asked).toEqual(['?after=0&limit=2', '?after=z&limit=2', '?after=k&limit=2', '?after=b&limit=2']);
    both.asked.length = 0;
    entries.push(anEntry('c'));
    await test.restart().runOnce();
    expect(both.asked).toEqual(['?after=b&limit=2']);
    expect(served(both).at(-1)).toBe('c');
    expect((await getStatus(test.context)).cursor).toBe('c');
    expect(test.sync.crmList()).toBeNull();
  });

  it('end a stop for other people once the whole list shows the earlier ones again', async () => {
    const since = (day: number) => (id: string) => ({ ...anEntry(id), created_at: `2026-01-0${day}T00:00:00.000Z` });
    const entries = ['c', 'a', 'e', 'b', 'd'].map(since(1));
    const both = textNeighbours(entries, { honoursAfter: true, pageSize: 2 });
    await using test = await aSync(both);
    await test.sync.runOnce();
    const { context } = test;
    const other = { id: 'd', name: 'Dora', createdAt: '2026-01-02T00:00:00.000Z' };
    await stopFor(context, [toStranger({ name: 'Customer d', createdAt: '2026-01-01T00:00:00.000Z' }, other)]);
    entries.splice(4, 1, { ...since(2)('d'), name: 'Dora' });
    await test.sync.runOnce();
    expect((await getStatus(context)).pause?.reason).toContain('id d belongs');
    entries.splice(4, 1, since(1)('d'));
    await test.sync.runOnce();
    expect((await getStatus(context)).pause).toBeNull();
  });

  it('may mix integers and text; what looks like an integer is one, and no digit is lost', async () => {
    const both = textNeighbours([20, 'u-1', '7', '9007199254740993', '007', 8].map(anEntry));
    await using test = await aSync(both);
    await test.sync.runOnce();
    both.entries.push(anEntry(3), anEntry('u-2'));
    await test.sync.runOnce();
    await test.restart().runOnce();
    expect(served(both).map(String).sort()).toEqual(['007', '20', '3', '7', '8', '9007199254740993', 'u-1', 'u-2']);
    expect(served(both)).toContain(7);
  });

  it('is known by its ids alone: in lists, replays and reasons', async () => {
    const both = textNeighbours([anEntry('u/1'), anEntry('u 2'), anEntry(3)]);
    await using test = await aSync(both);
    await test.sync.runOnce();
    const { context } = test;
    const all = await listDeliveries(context, { after: 0, limit: 10 });
    expect(all.map(({ customer_id }) => customer_id)).toEqual([3, 'u/1', 'u 2']);
    const rest = await listDeliveries(context, { after: 'u/1', limit: 10 });
    expect(rest.map(({ customer_id }) => customer_id)).toEqual(['u 2']);
    await expect(listDeliveries(context, { after: 'u-9', limit: 10 })).rejects.toThrow('u-9');
    await expect(replay(context, 'u-9')).rejects.toThrow('Customer u-9 has not been seen in the CRM');
    await expect(getDelivery(context, String(2 ** 52 + 1))).rejects.toThrow('has not been seen');
    expect(JSON.stringify([all, both.packages, both.reports, test.logger.lines])).not.toContain(String(2 ** 52 + 1));
  });

  it('is told how far its deliveries are by its own ids', async () => {
    const both = textNeighbours([anEntry('u-1'), anEntry(7)]);
    both.target.create = async () => busy();
    await using test = await aSync(both);
    await test.sync.runOnce();
    expect(both.reports).toMatchObject([
      { customer_id: 7, state: 'pending', attempts: 1 },
      { customer_id: 'u-1', state: 'pending', attempts: 1 },
    ]);
  });

  it('reads a customer again before a replay', async () => {
    const both = textNeighbours([anEntry('a'), anEntry('b'), anEntry('c')]);
    await using test = await aSync(both);
    await test.sync.runOnce();
    // the package of c stays, and shows that the look-up works
    both.packages.splice(0, 2);
    both.entries.splice(1, 1);
    (both.entries[0] as { name: string }).name = 'Renamed';
    await replay(test.context, 'a');
    await replay(test.context, 'b');
    await test.sync.runOnce();
    expect(both.packages).toMatchObject([
      { customerId: 'c' },
      { customerId: 'a', customerName: 'Renamed', key: 'welcome-a' },
    ]);
    expect(await getDelivery(test.context, 'b')).toMatchObject({
      state: 'dead',
      error: 'the CRM has this customer no longer',
    });
  });

  it('quarantines what is no id', async () => {
    const odd = ['', ' ', 'a\u0007', '\u200b', '0', '-1', 'x'.repeat(101), '\u202egnp'].map(anEntry);
    const both = textNeighbours([...odd, anEntry('x'.repeat(100))]);
    await using test = await aSync(both);
    await test.sync.runOnce();
    expect(served(both)).toEqual(['x'.repeat(100)]);
    expect((await getStatus(test.context)).quarantined).toBe(odd.length);
  });
});
