import type { databases } from '@doorstep/kit/test/databases.ts';
import type { MiddlewareContext } from '../src/context.ts';
import type { Answer, PackageRequest } from '../src/ports.ts';
import { createSync } from '../src/sync.ts';
import { busy, fakeSource, fakeTarget, manyCustomers, owner, testContext } from './fakes.ts';

export const hourMs = 3_600_000;

/** `count` customers that no poll has seen, and an Inventory that is down. */
export async function anOutage(
  kind: (typeof databases)[number],
  customers: number,
  overrides: Partial<MiddlewareContext> = {},
) {
  const source = fakeSource(manyCustomers(customers));
  const target = fakeTarget();
  target.answerEverybody(busy);
  const test = await testContext(kind, { source, target, ...overrides });
  const sync = createSync(test.context, owner);
  return {
    ...test,
    source,
    target,
    sync,
    /** Polls `count` times, five seconds apart; returns the number of posts after each poll. */
    async polls(count: number) {
      const posts: number[] = [];
      for (let poll = 0; poll < count; poll += 1) {
        const before = target.posts.length;
        test.clock.advance(5_000);
        await sync.runOnce();
        posts.push(target.posts.length - before);
      }
      return posts;
    },
  };
}

export function ledger({ db }: MiddlewareContext) {
  return db.selectFrom('deliveries').selectAll().orderBy('customer_id').execute();
}

export const packagesOf = ({ packages }: ReturnType<typeof fakeTarget>) =>
  packages.map(({ customerId }) => customerId).sort((a, b) => a - b);
export const idsOf = (count: number) => manyCustomers(count).map(({ id }) => id);

/** An Inventory that holds its answers until the test releases them. */
export function aHeldTarget() {
  const target = fakeTarget();
  const held: { request: PackageRequest; answer: (value: Answer) => void }[] = [];
  const create = (request: PackageRequest) => {
    target.posts.push(request);
    return new Promise<Answer>((answer) => held.push({ request, answer }));
  };
  return {
    ...target,
    create,
    held,
    /** Answers all calls in flight and returns their number. */
    answerAll(answer: (request: PackageRequest) => Answer = target.make) {
      const now = held.splice(0);
      for (const call of now) call.answer(answer(call.request));
      return now.length;
    },
  };
}
