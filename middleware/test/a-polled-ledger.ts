import type { databases } from '@doorstep/kit/test/databases.ts';
import type { MiddlewareContext } from '../src/context.ts';
import type { Answer } from '../src/ports.ts';
import { createSync } from '../src/sync.ts';
import { aCustomer, fakeSource, fakeTarget, manyCustomers, owner, testContext } from './fakes.ts';

export type Kind = (typeof databases)[number];

const rejected = (): Answer => ({ kind: 'rejected', reason: 'Inventory answered 410: no', status: 410 });

/** Three customers after one poll; the Inventory rejects them until the test changes that. */
export async function aRefusal(kind: Kind, overrides: Partial<MiddlewareContext> = {}) {
  const source = fakeSource(manyCustomers(3));
  const target = fakeTarget();
  target.answerEverybody(rejected);
  const test = await testContext(kind, { source, target, ...overrides });
  const sync = createSync(test.context, owner);
  await sync.runOnce();
  target.answerEverybody(undefined);
  target.posts.length = 0;
  return { ...test, source, target, sync };
}

export async function aDelivery(kind: Kind) {
  const source = fakeSource([aCustomer(1)]);
  const target = fakeTarget();
  const test = await testContext(kind, { source, target });
  const sync = createSync(test.context, owner);
  await sync.runOnce();
  target.posts.length = 0;
  return { ...test, source, target, sync };
}
