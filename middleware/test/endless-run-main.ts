import { systemClock } from '@doorstep/kit/clock.ts';
import { createDispatcher } from '../src/deliver/dispatcher.ts';
import { createReader } from '../src/deliver/reader.ts';
import { record } from '../src/intake/record.ts';
import type { Allowance, Call, Gate } from '../src/pace/gate.ts';
import { aCustomer, fakeSource, fakeTarget, testContext } from './fakes.ts';

/** Runs a dispatcher whose ledger fails while it claims, as the breaker opens. Prints how the run ended. */
await using test = await testContext('sqlite');
const { context } = test;
const customers = [aCustomer(1), aCustomer(2)];
await record(context, customers, { skips: () => false, lastListed: undefined });

const posted = Promise.withResolvers<void>();
const claiming = Promise.withResolvers<void>();
const failed = Promise.withResolvers<void>();
let writes = 0;
let isOpen = false;
const target = fakeTarget();
target.script(1, async () => {
  await claiming.promise;
  return undefined;
});

const write = Object.assign(
  async (...job: Parameters<typeof context.write>) => {
    writes += 1;
    const isSecondClaim = writes === 3; // the first two free what is left over, and claim customer 1
    const result = await context.write(...job);
    if (!isSecondClaim) return result;
    // the claim is made, and comes back only after the store of the first call has failed
    claiming.resolve();
    await failed.promise;
    isOpen = true;
    return result;
  },
  {
    together: async () => {
      setImmediate(failed.resolve);
      throw new Error('the disk is full');
    },
  },
) as unknown as typeof context.write;

const call: Call = {
  quickRetries: false,
  answered: async ({ attempted }) => ({ attempted, breaker: 'closed' }),
  ended: () => posted.resolve(),
};
const gate: Gate = {
  breaker: () => 'closed',
  polled: () => undefined,
  allows: (): Allowance =>
    isOpen ? { kind: 'nothing' } : { kind: 'calls', room: 1, claimsMax: 1, groupMin: 50, groupMax: 0 },
  begin: () => call,
};

const own = { ...context, write, target, source: fakeSource(customers), clock: systemClock };
const dispatcher = createDispatcher(own, {
  gate,
  reader: createReader(own),
  ensureOwner: async () => undefined,
  stopping: new AbortController().signal,
  onStored: () => undefined,
});
const end = await dispatcher.run().then(
  () => 'ended',
  (error: Error) => error.message,
);
process.stdout.write(`${end}\n`);
