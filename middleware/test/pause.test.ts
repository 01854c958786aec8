import { databases } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { describe, expect, it } from 'vitest';
import { pause, resume } from '../src/commands/pause.ts';
import { ledgerSummary } from '../src/queries/ledger-summary.ts';
import { createSync } from '../src/sync.ts';
import { aHeldTarget, anOutage, packagesOf } from './an-outage.ts';
import { aCustomer, fakeSource, manyCustomers, owner, testContext } from './fakes.ts';

describe.each(databases)('a pause, the ledger on %s', (kind) => {
  it('claims no delivery, while polls go on recording', async () => {
    await using outage = await anOutage(kind, 3);
    outage.target.answerEverybody(undefined);
    await pause(outage.context);
    await outage.polls(1);
    outage.source.customers.push(aCustomer(4));
    await outage.polls(1);
    expect(outage.target.posts).toEqual([]);
    expect(await ledgerSummary(outage.context)).toMatchObject({
      cursor: 4,
      pause: { by: 'operator', reason: null },
      deliveries: { pending: 4 },
    });
  });

  it('survives a restart until a resume', async () => {
    await using outage = await anOutage(kind, 3);
    outage.target.answerEverybody(undefined);
    await pause(outage.context);
    await outage.polls(1);
    const restarted = createSync(outage.context, owner);
    await restarted.runOnce();
    expect(outage.target.posts).toEqual([]);
    await resume(outage.context);
    await restarted.runOnce();
    expect(packagesOf(outage.target)).toEqual([1, 2, 3]);
  });

  it('also stops deliveries that wait behind calls in flight', async () => {
    const target = aHeldTarget();
    await using test = await testContext(kind, { source: fakeSource(manyCustomers(30)), target, concurrency: 2 });
    const sync = createSync(test.context, owner);
    await sync.poll();
    await eventually(() => target.held.length === 2);
    await pause(test.context);
    const settled = sync.settle();
    await eventually(() => {
      target.answerAll();
      return Promise.race([settled.then(() => true), new Promise<false>((resolve) => setImmediate(resolve, false))]);
    });
    expect(target.posts).toHaveLength(2);
    expect(await ledgerSummary(test.context)).toMatchObject({ deliveries: { delivered: target.packages.length } });
  });
});
