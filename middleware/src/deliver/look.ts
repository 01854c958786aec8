import { callsFor } from '../calls.ts';
import type { MiddlewareContext } from '../context.ts';
import { findWitnesses } from '../db/deliveries.ts';
import type { ClaimedDelivery, Outcome } from '../delivery.ts';
import type { Answer, PackageTarget } from '../ports.ts';

type Means = Pick<MiddlewareContext, 'db' | 'target' | 'concurrency'>;

/** The most customer ids that fit into the address of one question. */
const findManyMax = 200;

/**
 * Looks for the packages of those deliveries that may have one. A customer that is missing from the answer has none, or
 * the Inventory cannot tell. Asks one question for many customers if the Inventory understands it.
 */
export async function look(
  { db, target, concurrency }: Means,
  deliveries: ClaimedDelivery[],
): Promise<Map<number, Outcome>> {
  const outcomes = new Map<number, Outcome>();
  const doubtful = deliveries.filter(({ beforePost }) => beforePost !== 'nothing');
  if (doubtful.length === 0) return outcomes;
  const witnesses = await findWitnesses(db);
  let asksForMany = doubtful.length > 1 && witnesses.length > 0;
  for (let start = 0; start < doubtful.length; ) {
    const some = doubtful.slice(start, start + (asksForMany ? findManyMax : concurrency));
    const ids = some.map(({ customerId }) => customerId);
    const many = asksForMany ? await target.findMany(ids, witnesses as [number, number]) : undefined;
    if (many?.kind === 'unsupported') {
      asksForMany = false;
      continue;
    }
    if (many?.kind === 'retry') {
      for (const { customerId } of doubtful.slice(start)) outcomes.set(customerId, many);
      break;
    }
    if (many) {
      for (const [id, packageId] of many.packages) outcomes.set(id, { kind: 'delivered', packageId, existed: true });
    } else {
      await findEach(target, some, { witnesses, outcomes });
    }
    start += some.length;
  }
  return outcomes;
}

type Search = { witnesses: number[]; outcomes: Map<number, Outcome> };

async function findEach(target: PackageTarget, deliveries: ClaimedDelivery[], { witnesses, outcomes }: Search) {
  const ask = async (delivery: ClaimedDelivery) => {
    const outcome = await find(target, delivery, witnesses);
    if (outcome) outcomes.set(delivery.customerId, outcome);
  };
  await Promise.all(deliveries.map(ask));
}

/** What a post has come to: after a conflict, the package that caused it. */
export async function resolve(target: PackageTarget, delivery: ClaimedDelivery, answer: Answer): Promise<Outcome> {
  if (answer.kind !== 'conflict') return answer;
  return (await find(target, delivery, [])) ?? answer.otherwise;
}

/** The customer's package; undefined if there is none, or if the Inventory cannot tell. */
async function find(
  target: PackageTarget,
  { customerId, packageId }: ClaimedDelivery,
  witnesses: number[],
): Promise<Outcome | undefined> {
  const answer = await callsFor(customerId, () => target.find(customerId, witnesses));
  if (answer.kind === 'found') return { kind: 'delivered', packageId: answer.packageId, existed: true };
  if (answer.kind === 'retry') return answer;
  // a known package is assumed to exist until the Inventory says otherwise
  if (answer.kind === 'unknown' && packageId !== undefined) return { kind: 'delivered', packageId, existed: true };
  return undefined;
}
