import type { MiddlewareContext } from '../context.ts';
import { findWitnesses } from '../db/deliveries.ts';
import type { ClaimedDelivery, Outcome } from '../delivery.ts';
import type { Answer, PackageRequest, PackageTarget } from '../ports.ts';
import { refresh } from './read-again.ts';

/** A delivery and what became of an attempt at it; `untried`: the target was not asked for a package. */
export type Attempted = { delivery: ClaimedDelivery; outcome: Outcome; untried?: true };

type Means = Pick<MiddlewareContext, 'db' | 'source' | 'target' | 'concurrency'>;

/** What a target answers that knows the key with other content. */
const keyOfOtherContent = 422;

/** One post, after a look where a package may be there already; a second one where the first was in doubt under another name. */
export async function attemptOne(
  { db, source, target }: Means,
  delivery: ClaimedDelivery,
  options: { quickRetries: boolean },
): Promise<Attempted> {
  const found = delivery.inDoubt ? await find(target, delivery, await findWitnesses(db)) : undefined;
  if (found) return { delivery, outcome: found };
  const { ready, ended } = await refresh(source, [delivery]);
  const [fresh] = ready;
  if (!fresh) return ended[0] as Attempted;
  const post = async (named: ClaimedDelivery) => resolve(target, named, await target.create(toRequest(named), options));
  const outcome = await post(fresh);
  const { inDoubt, customerName } = delivery;
  const wasRenamed = inDoubt && customerName !== '' && customerName !== fresh.customerName;
  if (!wasRenamed || outcome.status !== keyOfOtherContent) return { delivery: fresh, outcome };
  // the package of the post that is in doubt stands under the earlier name
  const earlier = await post({ ...fresh, customerName });
  return { delivery: fresh, outcome: earlier.kind === 'rejected' ? outcome : earlier };
}

export type GroupAttempt = { attempted: Attempted[]; verdict: GroupVerdict };

/** What the target said to a group as such. */
export type GroupVerdict =
  | { kind: 'taken' }
  /** No answer of any use; each has its own retry. */
  | { kind: 'failed' }
  /** It is to be sent otherwise: one by one where groups are `unsupported`, or in smaller ones. */
  | { kind: 'not-taken'; deliveries: ClaimedDelivery[]; inDoubt: boolean; reason: string; unsupported: boolean };

/** One post for many, after a look for those that may have a package already. */
export async function attemptGroup(means: Means, deliveries: ClaimedDelivery[]): Promise<GroupAttempt> {
  const { source, target } = means;
  const doubtful = deliveries.filter(({ inDoubt }) => inDoubt);
  const found = await findAll(means, doubtful);
  const attempted = deliveries.flatMap((delivery) => {
    const outcome = found.get(delivery.customerId);
    return outcome ? { delivery, outcome } : [];
  });
  const unfound = deliveries.filter(({ customerId }) => !found.has(customerId));
  const { ready: rest, ended } = await refresh(source, unfound);
  attempted.push(...ended);
  if (rest.length === 0) return { attempted, verdict: { kind: 'taken' } };
  const answer = await target.createMany(rest.map(toRequest));
  if (answer.kind === 'unsupported' || answer.kind === 'refused') {
    const { inDoubt, reason } = answer;
    const unsupported = answer.kind === 'unsupported';
    return { attempted, verdict: { kind: 'not-taken', deliveries: rest, inDoubt, reason, unsupported } };
  }
  if (answer.kind === 'retry') {
    attempted.push(...rest.map((delivery) => ({ delivery, outcome: answer })));
    return { attempted, verdict: { kind: 'failed' } };
  }
  const answers = forEverybodyWhereAllFail(answer.answers);
  for (const [index, delivery] of rest.entries()) {
    attempted.push({ delivery, outcome: await resolve(target, delivery, answers[index] as Answer) });
  }
  return { attempted, verdict: { kind: 'taken' } };
}

const manyMin = 5;

/** Where each of many fails by an answer of its own, it is no fault of theirs all the same. */
function forEverybodyWhereAllFail(answers: Answer[]): Answer[] {
  const retries = answers.filter((answer) => answer.kind === 'retry');
  if (retries.length < manyMin || retries.length < answers.length) return answers;
  return retries.map((retry) => ({ ...retry, forEverybody: true }));
}

function toRequest({ customerId, customerName }: ClaimedDelivery): PackageRequest {
  return { customerId, customerName, idempotencyKey: `welcome-${customerId}` };
}

async function resolve(target: PackageTarget, delivery: ClaimedDelivery, answer: Answer): Promise<Outcome> {
  if (answer.kind !== 'conflict') return answer;
  return (await find(target, delivery, [])) ?? answer.otherwise;
}

/** The package that the customer has; undefined where there is none, or where the target cannot tell. */
async function find(
  target: PackageTarget,
  { customerId, packageId }: ClaimedDelivery,
  witnesses: number[],
): Promise<Outcome | undefined> {
  const answer = await target.find(customerId, witnesses);
  if (answer.kind === 'found') return { kind: 'delivered', packageId: answer.packageId, existed: true };
  if (answer.kind === 'retry') return answer;
  // who had a package keeps it, until the target says that it is gone
  if (answer.kind === 'unknown' && packageId !== undefined) return { kind: 'delivered', packageId, existed: true };
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
  const witnesses = deliveries.length > 0 ? await findWitnesses(db) : [];
  let asksForMany = deliveries.length > 1 && witnesses.length > 0;
  for (let start = 0; start < deliveries.length; ) {
    const some = deliveries.slice(start, start + (asksForMany ? findManyMax : concurrency));
    const ids = some.map(({ customerId }) => customerId);
    const many = asksForMany ? await target.findMany(ids, witnesses as [number, number]) : undefined;
    if (many?.kind === 'unsupported') {
      asksForMany = false;
      continue;
    }
    if (many?.kind === 'retry') {
      for (const { customerId } of deliveries.slice(start)) outcomes.set(customerId, many);
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
