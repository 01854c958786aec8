import type { MiddlewareContext } from '../context.ts';
import { findWitness } from '../db/deliveries.ts';
import type { ClaimedDelivery, Outcome } from '../delivery.ts';
import type { Answer, PackageRequest, PackageTarget } from '../ports.ts';
import { refresh } from './refresh.ts';

/** A delivery and what became of an attempt at it. */
export type Attempted = { delivery: ClaimedDelivery; outcome: Outcome };

type Means = Pick<MiddlewareContext, 'db' | 'source' | 'target' | 'concurrency'>;

/** One post, after a look where a package may be there already. */
export async function attemptOne(
  { source, target }: Means,
  delivery: ClaimedDelivery,
  options: { quickRetries: boolean },
): Promise<Attempted> {
  const found = delivery.inDoubt ? await find(target, delivery.customerId) : undefined;
  if (found) return { delivery, outcome: found };
  const { ready, ended } = await refresh(source, [delivery]);
  const [fresh] = ready;
  if (!fresh) return ended[0] as Attempted;
  return { delivery: fresh, outcome: await resolve(target, fresh, await target.create(toRequest(fresh), options)) };
}

export type GroupAttempt = {
  attempted: Attempted[];
  /** What the target did not take as a group. */
  notTaken: { deliveries: ClaimedDelivery[]; inDoubt: boolean; refused?: string } | undefined;
};

/** One post for many, after a look for those that may have a package already. */
export async function attemptGroup(means: Means, deliveries: ClaimedDelivery[]): Promise<GroupAttempt> {
  const { source, target } = means;
  const found = await findAll(
    means,
    deliveries.filter(({ inDoubt }) => inDoubt),
  );
  const attempted = deliveries.flatMap((delivery) => {
    const outcome = found.get(delivery.customerId);
    return outcome ? { delivery, outcome } : [];
  });
  const { ready: rest, ended } = await refresh(
    source,
    deliveries.filter(({ customerId }) => !found.has(customerId)),
  );
  attempted.push(...ended);
  if (rest.length === 0) return { attempted, notTaken: undefined };
  const answer = await target.createMany(rest.map(toRequest));
  if (answer.kind === 'unsupported') return { attempted, notTaken: { deliveries: rest, inDoubt: answer.inDoubt } };
  if (answer.kind === 'refused') {
    return { attempted, notTaken: { deliveries: rest, inDoubt: false, refused: answer.reason } };
  }
  for (const [index, delivery] of rest.entries()) {
    const own = answer.kind === 'answers' ? (answer.answers[index] as Answer) : answer;
    attempted.push({ delivery, outcome: await resolve(target, delivery, own) });
  }
  return { attempted, notTaken: undefined };
}

function toRequest({ customerId, customerName }: ClaimedDelivery): PackageRequest {
  return { customerId, customerName, idempotencyKey: `welcome-${customerId}` };
}

async function resolve(target: PackageTarget, { customerId }: ClaimedDelivery, answer: Answer): Promise<Outcome> {
  if (answer.kind !== 'conflict') return answer;
  return (await find(target, customerId)) ?? answer.otherwise;
}

/** The package that the customer has; undefined where there is none, or where the target cannot tell. */
async function find(target: PackageTarget, customerId: number): Promise<Outcome | undefined> {
  const answer = await target.find(customerId);
  if (answer.kind === 'found') return { kind: 'delivered', packageId: answer.packageId, existed: true };
  if (answer.kind === 'retry') return answer;
  return undefined;
}

/** What one question may hold: it travels in an address. */
const findManyMax = 200;

/** As `find`, for many, with one question for many where the target understands it. Who is left out has none. */
async function findAll(
  { db, target, concurrency }: Means,
  deliveries: ClaimedDelivery[],
): Promise<Map<number, Outcome>> {
  const outcomes = new Map<number, Outcome>();
  const ids = deliveries.map(({ customerId }) => customerId);
  const witness = ids.length > 1 ? await findWitness(db) : undefined;
  const sizeMax = witness === undefined ? concurrency : findManyMax;
  for (let start = 0; start < ids.length; start += sizeMax) {
    const some = ids.slice(start, start + sizeMax);
    const many = witness === undefined ? undefined : await target.findMany(some, witness);
    if (many?.kind === 'found') {
      for (const [id, packageId] of many.packages) outcomes.set(id, { kind: 'delivered', packageId, existed: true });
    } else if (many?.kind === 'retry') {
      for (const id of ids.slice(start)) outcomes.set(id, many);
      break;
    } else {
      await findEach(target, some, outcomes);
    }
  }
  outcomes.delete(witness ?? 0);
  return outcomes;
}

async function findEach(target: PackageTarget, ids: number[], outcomes: Map<number, Outcome>): Promise<void> {
  const ask = async (id: number) => {
    const outcome = await find(target, id);
    if (outcome) outcomes.set(id, outcome);
  };
  await Promise.all(ids.map(ask));
}
