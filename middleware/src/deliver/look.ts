import { needsLook } from '../before-post.ts';
import { callsFor } from '../calls.ts';
import type { MiddlewareContext } from '../context.ts';
import { findWitnesses } from '../db/deliveries.ts';
import type { ClaimedDelivery, CustomerKey, Outcome, Retry } from '../delivery.ts';
import type { Answer, PackageTarget } from '../ports.ts';

type Means = Pick<MiddlewareContext, 'db' | 'target' | 'concurrency'>;

/** The most customer ids that fit into the address of one question. */
const findManyMax = 200;

/** `none`: the Inventory has understood the question, and shows no package. */
export type Absence = 'none' | 'unknown' | 'forbidden';

export type Looked = {
  /** The packages that were found, and the look-ups that failed, by customer. */
  outcomes: Map<CustomerKey, Outcome>;
  /** For those in doubt without an outcome: whether the Inventory has no package, or cannot tell. */
  absences: Map<CustomerKey, Absence>;
  /** Each answer also showed packages that are known to exist. */
  isWitnessed: boolean;
};

/**
 * Looks for the packages of those deliveries that may have one. Asks one question for many customers if the Inventory
 * understands it.
 */
export async function look({ db, target, concurrency }: Means, deliveries: ClaimedDelivery[]): Promise<Looked> {
  const outcomes = new Map<CustomerKey, Outcome>();
  const absences = new Map<CustomerKey, Absence>();
  const doubtful = deliveries.filter(({ beforePost }) => needsLook(beforePost));
  if (doubtful.length === 0) return { outcomes, absences, isWitnessed: true };
  const witnesses = await findWitnesses(db);
  let isWitnessed = true;
  let asksForMany = doubtful.length > 1 && witnesses.length > 0;
  for (let start = 0; start < doubtful.length; ) {
    const some = doubtful.slice(start, start + (asksForMany ? findManyMax : concurrency));
    const ids = some.map(({ customerId }) => customerId);
    const many = asksForMany ? await target.findMany(ids, witnesses as [CustomerKey, CustomerKey]) : undefined;
    if (many?.kind === 'unsupported') {
      asksForMany = false;
      continue;
    }
    if (many?.kind === 'retry') {
      for (const { customerId } of doubtful.slice(start)) outcomes.set(customerId, many);
      break;
    }
    if (many) {
      for (const id of ids) absences.set(id, 'none');
      for (const [id, found] of many.packages) outcomes.set(id, { ...found, kind: 'delivered', existed: true });
    } else {
      isWitnessed = false;
      await findEach(target, some, { witnesses, outcomes, absences });
    }
    start += some.length;
  }
  return { outcomes, absences, isWitnessed };
}

/**
 * Whether the look-up finds the package of a customer that has one: a filter may compare in a way that never finds
 * anything. True if there is no such customer; a look-up that fails is given as it is.
 */
export async function showsWitness({ db, target }: Pick<Means, 'db' | 'target'>): Promise<boolean | Retry> {
  const witnesses = await findWitnesses(db);
  let failure: Retry | undefined;
  for (const witness of witnesses) {
    const answer = await target.find(witness);
    if (answer.kind === 'found') return true;
    if (answer.kind === 'retry') failure = answer;
  }
  return failure ?? witnesses.length === 0;
}

async function findEach(
  target: PackageTarget,
  deliveries: ClaimedDelivery[],
  { witnesses, outcomes, absences }: Omit<Looked, 'isWitnessed'> & { witnesses: CustomerKey[] },
) {
  const ask = async (delivery: ClaimedDelivery) => {
    const outcome = await find(target, delivery, witnesses);
    if (typeof outcome === 'string') absences.set(delivery.customerId, outcome);
    else outcomes.set(delivery.customerId, outcome);
  };
  await Promise.all(deliveries.map(ask));
}

/** What a post has come to: after a conflict, the package that caused it. */
export async function resolve(target: PackageTarget, delivery: ClaimedDelivery, answer: Answer): Promise<Outcome> {
  if (answer.kind !== 'conflict') return answer;
  const found = await find(target, delivery, []);
  return typeof found === 'string' ? answer.otherwise : found;
}

/** The customer's package, or why there is none to show. */
async function find(
  target: PackageTarget,
  { customerId, packageId }: ClaimedDelivery,
  witnesses: CustomerKey[],
): Promise<Outcome | Absence> {
  const answer = await callsFor(customerId, () => target.find(customerId, witnesses));
  if (answer.kind === 'found') return { ...answer, kind: 'delivered', existed: true };
  if (answer.kind === 'retry') return answer;
  // a known package is assumed to exist until the Inventory says otherwise
  if (answer.kind !== 'none' && packageId !== undefined) return { kind: 'delivered', packageId, existed: true };
  return answer.kind;
}
