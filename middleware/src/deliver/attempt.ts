import type { Attempted, CallResult } from '../attempted.ts';
import { needsLook } from '../before-post.ts';
import type { MiddlewareContext } from '../context.ts';
import type { ClaimedDelivery, Retry } from '../delivery.ts';
import type { InventoryNames } from '../inventory-names.ts';
import type { Answer, PackageRequest } from '../ports.ts';
import { askDoubt, askIdempotency, judgeDoubt } from './doubt.ts';
import { type Looked, look, resolve, showsWitness } from './look.ts';
import { readCustomersAgain } from './read-again.ts';
import type { Reader } from './reader.ts';

type Means = Pick<
  MiddlewareContext,
  'db' | 'write' | 'target' | 'names' | 'concurrency' | 'settling' | 'clock' | 'logger'
> & {
  reader: Reader;
};

/** Whatever comes before the posts: the packages that exist already, and the customers that the CRM has to show again. */
async function prepare(means: Means, deliveries: ClaimedDelivery[]): Promise<Prepared> {
  const doubtful = deliveries.map((delivery) => askDoubt(means, delivery));
  const looked = await look(means, deliveries);
  const { outcomes, absences } = looked;
  const isAnyInDoubt = deliveries.some(({ doubtAt }) => doubtAt !== undefined);
  const idempotency = isAnyInDoubt ? await askIdempotency(means, deliveries) : undefined;
  const isBelieved = !isAnyInDoubt || idempotency === 'permanent' || (await believe(means, looked));
  const attempted: Attempted[] = [];
  const unfound: ClaimedDelivery[] = [];
  for (const one of doubtful) {
    const { delivery } = one;
    const { customerId } = delivery;
    const absence = isBelieved === false ? 'unknown' : (absences.get(customerId) ?? 'unknown');
    const isDoubtful = delivery.doubtAt !== undefined && absence === 'none';
    const unable = isDoubtful && typeof isBelieved === 'object' ? isBelieved : undefined;
    const outcome = outcomes.get(customerId) ?? unable ?? judgeDoubt(one, { absence, idempotency });
    if (outcome) attempted.push({ delivery, outcome, endedAt: 'look' });
    else unfound.push({ ...delivery, doubtAt: undefined });
  }
  const { ready, ended } = await readCustomersAgain(means, unfound);
  return { ready, attempted: [...attempted, ...ended] };
}

/** An absence counts only if known packages are shown. Gives why that cannot be found out now, if it cannot. */
async function believe(means: Means, { absences, isWitnessed }: Looked): Promise<boolean | Retry> {
  return isWitnessed || ![...absences.values()].includes('none') || showsWitness(means);
}

type Prepared = { ready: ClaimedDelivery[]; attempted: Attempted[] };

/** An Inventory answers this if it knows the idempotency key with other content. */
const keyOfOtherContent = 422;

/** One post; a second one if an earlier post that is in doubt was made under another name. */
export async function attemptOne(
  means: Means,
  delivery: ClaimedDelivery,
  options: { quickRetries: boolean },
): Promise<CallResult> {
  const { target, names } = means;
  const { ready, attempted } = await prepare(means, [delivery]);
  const [fresh] = ready;
  if (!fresh) return { attempted, verdict: { kind: 'taken' } };
  const post = async (named: ClaimedDelivery) =>
    resolve(target, named, await target.create(toRequest(named, names), options));
  let outcome = await post(fresh);
  const { beforePost, customerName } = delivery;
  const wasRenamed = needsLook(beforePost) && customerName !== '' && customerName !== fresh.customerName;
  if (wasRenamed && outcome.status === keyOfOtherContent) {
    // the package of the post that is in doubt has the earlier name
    const earlier = await post({ ...fresh, customerName });
    if (earlier.kind !== 'rejected') outcome = earlier;
  }
  return { attempted: [{ delivery: fresh, outcome, endedAt: 'post' }], verdict: { kind: 'taken' } };
}

/** One post for many. */
export async function attemptGroup(means: Means, deliveries: ClaimedDelivery[]): Promise<CallResult> {
  const { target, names } = means;
  const { ready, attempted } = await prepare(means, deliveries);
  if (ready.length === 0) return { attempted, verdict: { kind: 'taken' } };
  const answer = await target.createMany(ready.map((delivery) => toRequest(delivery, names)));
  if (answer.kind === 'unsupported' || answer.kind === 'refused') {
    const { inDoubt, reason } = answer;
    const unsupported = answer.kind === 'unsupported';
    return { attempted, verdict: { kind: 'not-taken', deliveries: ready, inDoubt, reason, unsupported } };
  }
  if (answer.kind === 'retry') {
    attempted.push(...ready.map((delivery) => ({ delivery, outcome: answer, endedAt: 'post' as const })));
    return { attempted, verdict: { kind: 'failed' } };
  }
  const answers = blameInventoryIfAllFail(answer.answers);
  for (const [index, delivery] of ready.entries()) {
    const outcome = await resolve(target, delivery, answers[index] as Answer);
    attempted.push({ delivery, outcome, endedAt: 'post' });
  }
  return { attempted, verdict: { kind: 'taken' } };
}

const manyMin = 5;

/** If each of many deliveries fails by an answer of its own, it is not the customers' fault. */
function blameInventoryIfAllFail(answers: Answer[]): Answer[] {
  const retries = answers.filter((answer) => answer.kind === 'retry');
  if (retries.length < manyMin || retries.length < answers.length) return answers;
  return retries.map((retry) => ({ ...retry, whose: 'inventory' }));
}

export function toRequest(
  { customerId, customerName }: Pick<ClaimedDelivery, 'customerId' | 'customerName'>,
  names: InventoryNames,
): PackageRequest {
  return { customerId, customerName, idempotencyKey: names.idempotencyKeyOf(customerId) };
}
