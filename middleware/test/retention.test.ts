import { join } from 'node:path';
import { openDatabase } from '@doorstep/kit/database/open.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { describe, expect, it } from 'vitest';
import { replay } from '../src/commands/replay.ts';
import { deleteOldAttempts } from '../src/db/old-attempts.ts';
import type { LedgerDatabase } from '../src/db/schema.ts';
import { getDelivery } from '../src/queries/deliveries.ts';
import { createSync } from '../src/sync.ts';
import { aCommandLine } from './a-command-line.ts';
import { aDaemon } from './a-daemon.ts';
import { busy, fakeSource, fakeTarget, manyCustomers, owner, testContext } from './fakes.ts';

const dayMs = 86_400_000;

describe.each(databases)('old attempts on %s', (kind) => {
  it('of delivered and dead deliveries are removed, and the deliveries say so', async () => {
    const target = fakeTarget();
    target.script(2, () => ({ kind: 'rejected', reason: 'not this one', status: 422 }));
    target.script(3, busy, busy);
    await using test = await testContext(kind, { source: fakeSource(manyCustomers(4)), target });
    const { context, clock } = test;
    const sync = createSync(context, owner);
    await sync.runOnce();
    const [delivered, dead, open] = await Promise.all([1, 2, 3].map((id) => getDelivery(context, id)));
    clock.advance(dayMs);
    const before = clock.now().toISOString();
    clock.advance(dayMs);
    await replay(context, 4);
    await sync.settle();
    const young = await getDelivery(context, 4);

    expect(await context.write((trx) => deleteOldAttempts(trx, { before, after: 0 }))).toBeUndefined();

    const gone = (delivery: typeof delivered) => {
      return { ...delivery, history: [], attempts_removed_until: delivery?.history[0]?.started_at };
    };
    expect(await getDelivery(context, 1)).toEqual(gone(delivered));
    expect(await getDelivery(context, 2)).toEqual(gone(dead));
    expect(await getDelivery(context, 4)).toEqual(young);
    const { history } = await getDelivery(context, 3);
    expect(history.slice(0, open?.history.length)).toEqual(open?.history);

    // a replay makes it open again; what is new is kept
    await replay(context, 1);
    await sync.settle();
    expect(await getDelivery(context, 1)).toMatchObject({
      state: 'delivered',
      history: [{}],
      attempts_removed_until: delivered?.history[0]?.started_at,
    });
  });

  it('are removed in steps of 500, from the oldest on', async () => {
    await using test = await testContext(kind, { source: fakeSource(manyCustomers(1100)), target: fakeTarget() });
    const { context, clock } = test;
    await createSync(context, owner).runOnce();
    clock.advance(dayMs);
    const before = clock.now().toISOString();
    const count = async () => (await context.db.selectFrom('attempts').select('id').execute()).length;

    const left: number[] = [];
    for (let after: number | undefined = 0; after !== undefined; ) {
      const from: number = after;
      after = await context.write((trx) => deleteOldAttempts(trx, { before, after: from }));
      left.push(await count());
    }
    expect(left).toEqual([600, 100, 0]);
    const unsaid = context.db
      .selectFrom('deliveries')
      .select('customer_id')
      .where('attempts_removed_until', 'is', null);
    expect(await unsaid.execute()).toEqual([]);
  });

  it('are removed by a daemon with RETENTION_DAYS, and kept by one with 0', async () => {
    let skippedMs = 0;
    const clock = { now: () => new Date(Date.now() + skippedMs), monotonicMs: () => performance.now() };
    const days = { RETENTION_DAYS: '0' };
    await using daemon = await aDaemon(kind, { environment: days, customers: 1, clock });
    await daemon.becomes(1, 'delivered');
    skippedMs = 2 * dayMs;
    await daemon.restart();
    expect((await daemon.get('/deliveries/1')).history).toHaveLength(1);

    daemon.settings['RETENTION_DAYS'] = '1';
    await daemon.restart();
    await eventually(async () => expect((await daemon.get('/deliveries/1')).history).toEqual([]));
  });
});

describe('explain', () => {
  it('says that old attempts were removed', async () => {
    await using line = await aCommandLine('sqlite', { customers: 1 });
    await (await line.startDaemon())[Symbol.asyncDispose]();
    const migrations = join(import.meta.dirname, '../migrations');
    const url = line.settings.DATABASE_URL;
    const ledger = await openDatabase<LedgerDatabase>({
      url,
      schema: 'middleware',
      migrations,
      onError: () => undefined,
    });
    await ledger.write((trx) => deleteOldAttempts(trx, { before: '9999-01-01T00:00:00.000Z', after: 0 }));
    await ledger.close();

    const { out } = await line.run('explain 1');
    expect(out).toMatch(/^Customer 1 \(Customer 1\): package 1, since/);
    expect(out).toMatch(/ {2}its attempts up to this time were removed \(RETENTION_DAYS\)$/m);
  });
});
