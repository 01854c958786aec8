import { databases } from '@doorstep/kit/test/databases.ts';
import { describe, expect, it } from 'vitest';
import { pause } from '../src/commands/pause.ts';
import { claimDue, freeInterrupted } from '../src/db/claims.ts';
import { createSync } from '../src/sync.ts';
import { fakeSource, manyCustomers, owner, testContext } from './fakes.ts';

describe.each(databases)('claims on %s', (kind) => {
  it('take the delivery that has waited longest first, and never one in progress', async () => {
    await using test = await testContext(kind, { source: fakeSource(manyCustomers(5)) });
    await pause(test.context);
    await createSync(test.context, owner).runOnce();
    const now = test.context.clock.now().toISOString();
    const { write } = test.context;
    const options = { now, claimsMax: 2, groupMax: 0, groupMin: 50 };
    const claim = async () => (await write((trx) => claimDue(trx, options))).deliveries;
    const first = await claim();
    expect(first.map(({ customerId, beforePost }) => [customerId, beforePost])).toEqual([
      [1, 'nothing'],
      [2, 'nothing'],
    ]);
    const second = await claim();
    expect(second.map(({ customerId }) => customerId)).toEqual([3, 4]);
    await write(freeInterrupted);
    const again = await claim();
    expect(again.map(({ customerId, beforePost }) => [customerId, beforePost])).toEqual([
      [1, 'look'],
      [2, 'look'],
    ]);
  });
});
