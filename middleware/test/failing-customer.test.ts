import { databases } from '@doorstep/kit/test/databases.ts';
import { describe, expect, it } from 'vitest';
import { replay, replayEnded } from '../src/commands/replay.ts';
import type { Answer, PackageRequest } from '../src/ports.ts';
import { getDelivery } from '../src/queries/deliveries.ts';
import { anOutage, idsOf, packagesOf } from './an-outage.ts';
import { busy, manyCustomers } from './fakes.ts';

describe.each(databases)('a customer at which the Inventory fails, the ledger on %s', (kind) => {
  /** All but the first: if everybody were refused, deliveries would pause. */
  const refusesOthers = ({ customerId }: PackageRequest): Answer | undefined =>
    customerId === 1 ? undefined : { kind: 'rejected', reason: 'no' };
  const poisoned = ({ customerId }: PackageRequest) => (customerId === 1 ? busy() : undefined);

  it('does not block other customers, and is the only one to become a dead letter', async () => {
    await using outage = await anOutage(kind, 30);
    outage.target.answerEverybody(poisoned);
    await outage.polls(10);
    expect(outage.sync.breaker()).toBe('closed');
    expect(packagesOf(outage.target)).toEqual(idsOf(30).slice(1));
    expect(await getDelivery(outage.context, 1)).toMatchObject({ state: 'dead', attempts: 3 });
  });

  it('does not close an open breaker when the CRM is unavailable too and no call reaches the Inventory', async () => {
    await using outage = await anOutage(kind, 10);
    await outage.polls(1);
    const { source, target, sync, context } = outage;
    target.answerEverybody(refusesOthers);
    await outage.polls(1);
    expect(sync.breaker()).toBe('closed');
    source.customers.push(...manyCustomers(20).slice(10));
    target.answerEverybody(busy);
    await outage.polls(1);
    expect(sync.breaker()).toBe('open');
    for (const id of idsOf(20).slice(1)) await replay(context, id);
    context.source = { ...source, fetchPage: async () => ({ kind: 'unavailable', reason: 'CRM cannot be reached' }) };
    expect(await outage.polls(3)).toEqual([0, 0, 0]);
    expect(sync.breaker()).toBe('open');
  });

  it('lets the breaker close while the CRM is unavailable: a replayed customer is not the probe', async () => {
    await using outage = await anOutage(kind, 10);
    const { source, target, sync, context } = outage;
    target.answerEverybody(refusesOthers);
    await outage.polls(1);
    target.answerEverybody(busy);
    source.customers.push(...manyCustomers(20).slice(10));
    await outage.polls(1);
    expect(sync.breaker()).toBe('open');
    await replayEnded(context, { state: 'dead' });
    context.source = { ...source, fetchPage: async () => ({ kind: 'unavailable', reason: 'CRM cannot be reached' }) };
    target.answerEverybody(() => undefined);
    await outage.polls(1);
    expect(sync.breaker()).toBe('closed');
    expect(packagesOf(target)).toEqual([1, ...idsOf(20).slice(10)]);
  });

  it('lets a replayed customer take its turn as the probe, though other customers fail again and again', async () => {
    await using outage = await anOutage(kind, 5);
    outage.target.answerEverybody(refusesOthers);
    await outage.polls(1);
    outage.source.customers.push(...manyCustomers(10).slice(5));
    outage.target.answerEverybody(busy);
    await outage.polls(1);
    expect(outage.sync.breaker()).toBe('open');
    await replayEnded(outage.context, { state: 'dead' });
    outage.target.answerEverybody(({ customerId }) => (Number(customerId) > 5 ? busy() : undefined));
    await outage.polls(4);
    expect(packagesOf(outage.target)).toEqual(idsOf(5));
  });

  it('does not keep an open breaker from closing: probes take turns', async () => {
    await using outage = await anOutage(kind, 1);
    await outage.polls(1);
    outage.source.customers.push(...manyCustomers(20).slice(1));
    await outage.polls(3);
    expect(outage.sync.breaker()).toBe('open');
    outage.target.answerEverybody(poisoned);
    await outage.polls(2);
    expect(outage.sync.breaker()).toBe('closed');
    expect(packagesOf(outage.target)).toEqual(idsOf(20).slice(1));
  });

  it('does not delay the other customers though seven more fail like it, again and again', async () => {
    await using outage = await anOutage(kind, 40);
    outage.target.answerEverybody(({ customerId }) => (Number(customerId) <= 8 ? busy() : undefined));
    await outage.polls(20);
    expect(packagesOf(outage.target)).toEqual(idsOf(40).slice(8));
  });
});
