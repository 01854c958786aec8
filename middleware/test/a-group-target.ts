import type { databases } from '@doorstep/kit/test/databases.ts';
import type { MiddlewareContext } from '../src/context.ts';
import type { CustomerKey } from '../src/delivery.ts';
import type { Answer, GroupAnswer, PackageRequest } from '../src/ports.ts';
import { createSync } from '../src/sync.ts';
import { fakeSource, fakeTarget, manyCustomers, owner, testContext } from './fakes.ts';

type GroupReply = GroupAnswer | undefined | Promise<GroupAnswer | undefined>;

/** An Inventory without idempotency that accepts groups. Each takes the next of `replies`; undefined: the packages. */
export function aGroupTarget(...replies: ((requests: PackageRequest[]) => GroupReply)[]) {
  const target = fakeTarget();
  const groups: number[][] = [];
  const questions: number[][] = [];
  const { findMany } = target;
  let everybody: (request: PackageRequest) => Answer | undefined = () => undefined;
  const makeAll = (requests: PackageRequest[]): GroupAnswer => ({
    kind: 'answers',
    answers: requests.map((request) => everybody(request) ?? target.make(request)),
  });
  return {
    ...target,
    groups,
    questions,
    makeAll,
    /** The answer for each customer of a group; undefined: the package. */
    answerEach(answer: typeof everybody) {
      everybody = answer;
    },
    async createMany(requests: PackageRequest[]): Promise<GroupAnswer> {
      groups.push(requests.map(({ customerId }) => Number(customerId)));
      return (await replies.shift()?.(requests)) ?? makeAll(requests);
    },
    findMany(customerIds: CustomerKey[], witnesses: [CustomerKey, CustomerKey]) {
      questions.push(customerIds.map(Number));
      return findMany(customerIds, witnesses);
    },
  };
}

export type GroupTarget = ReturnType<typeof aGroupTarget>;

export async function aBacklog(
  kind: (typeof databases)[number],
  { customers, ...overrides }: { customers: number } & Partial<MiddlewareContext>,
) {
  const source = fakeSource(manyCustomers(customers), 1000);
  const test = await testContext(kind, { source, ...overrides });
  return { ...test, source, sync: createSync(test.context, owner) };
}

export const sizesOf = ({ groups }: GroupTarget) => groups.map((group) => group.length);
export const packagesOf = ({ packages }: GroupTarget) =>
  packages.map(({ customerId }) => customerId).sort((a, b) => a - b);
export const idsOf = (count: number) => manyCustomers(count).map(({ id }) => id);
