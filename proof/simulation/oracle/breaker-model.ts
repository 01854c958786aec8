import type { Verdict } from './answers.ts';
import { Violation } from './violation.ts';

/** Different customers that fail in a row before the breaker opens. */
const failedMin = 5;
/** A poll may run before the probe of the previous poll has begun. */
const probesMax = 2;

type Model =
  | { kind: 'closed'; failed: Set<number>; since: string }
  | { kind: 'open'; since: string; openedAt: string; probes: number };

type Post = { id: number; claimedAt: string; isGroup: boolean };

type Options = { probesAtOpening: number; concurrency: number };

/**
 * The breaker as seen from outside: five failures in a row open it, and it allows one probe per poll. A good answer
 * closes it; each further one allows one more concurrent post, up to `concurrency`, and groups only then.
 * `probesAtOpening`: polls that may have run since the breaker opened, if the model sees the opening late.
 */
export function createBreakerModel(wallNow: () => string, { probesAtOpening, concurrency }: Options) {
  let model: Model = { kind: 'closed', failed: new Set(), since: '' };
  /** Set once the breaker has closed. */
  let growth: { closedAt: string; since: string; goods: number } | undefined;
  const underWay = new Map<number, Post>();

  function closed(): Model {
    return { kind: 'closed', failed: new Set(), since: '' };
  }

  /** Returns whether this closes the breaker. */
  function good(): boolean {
    const wasOpen = model.kind === 'open';
    if (growth) growth.goods += 1;
    if (model.kind === 'open') growth = { closedAt: wallNow(), since: model.since, goods: 1 };
    model = closed();
    return wasOpen;
  }

  function bad(ids: number[]) {
    if (model.kind === 'open') return;
    if (model.failed.size === 0) model.since = wallNow();
    for (const id of ids) model.failed.add(id);
    if (model.failed.size < failedMin) return;
    model = { kind: 'open', since: model.since, openedAt: wallNow(), probes: probesAtOpening };
    growth = undefined;
  }

  return {
    sent(post: Post) {
      const { id, claimedAt, isGroup } = post;
      if (model.kind === 'open' && claimedAt > model.openedAt) {
        if (model.probes === 0) throw new Violation(`customer ${id} is posted while the breaker must be open`);
        model.probes -= 1;
      }
      underWay.set(id, post);
      if (!growth) return;
      const { closedAt, goods } = growth;
      if (isGroup) {
        if (claimedAt <= closedAt || 1 + goods >= concurrency) return;
        throw new Violation(`a group is posted only ${goods} good answers after the breaker closed`);
      }
      const began = [...underWay.values()].filter((other) => !other.isGroup && other.claimedAt > closedAt).length;
      if (began > 1 + goods) {
        throw new Violation(`${began} concurrent posts only ${goods} good answers after the breaker closed`);
      }
    },
    /** Returns whether this closes the breaker. */
    answered(verdicts: Verdict[]): boolean {
      for (const { id } of verdicts) underWay.delete(id);
      const conclusive = verdicts.filter(({ kind }) => kind !== 'inconclusive');
      if (conclusive.length === 0) return false;
      if (conclusive.some(({ kind }) => kind !== 'failing')) return good();
      bad(conclusive.map(({ id }) => id));
      return false;
    },
    /** A look-up has found a package. Returns whether this closes the breaker. */
    found: good,
    /** A look-up has failed. */
    lookUpFailed: bad,
    polled() {
      if (model.kind === 'open') model.probes = Math.min(model.probes + 1, probesMax);
    },
    /** A restarted daemon knows no earlier failure. */
    reset() {
      model = closed();
      growth = undefined;
      underWay.clear();
    },
    /** The time range of failures whose deliveries become due when the breaker closes. */
    freed: () => growth,
  };
}
