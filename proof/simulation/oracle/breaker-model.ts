import type { Verdict } from './answers.ts';
import { Violation } from './violation.ts';

/** So many different customers in a row. */
const failedMin = 5;
/** A poll may come while the probe of the one before is yet to begin. */
const probesMax = 2;

type Model =
  | { kind: 'closed'; failed: Set<number>; since: string }
  | { kind: 'open'; since: string; openedAt: string; probes: number };

type Post = { id: number; claimedAt: string; isGroup: boolean };

type Options = { probesAtOpening: number; concurrency: number };

/**
 * What a breaker has to do, seen from outside: once five have failed in a row, one is tried after each poll; when one is
 * answered well, those who waited come one at a time first, and with every good answer one more, up to `concurrency`; no
 * group before that. `probesAtOpening`: polls that may have been since it has opened, where that cannot be seen at once.
 */
export function createBreakerModel(wallNow: () => string, { probesAtOpening, concurrency }: Options) {
  let model: Model = { kind: 'closed', failed: new Set(), since: '' };
  /** Since the breaker has closed. */
  let growth: { closedAt: string; since: string; goods: number } | undefined;
  const underWay = new Map<number, Post>();

  function closed(): Model {
    return { kind: 'closed', failed: new Set(), since: '' };
  }

  /** Gives whether that has closed it. */
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
        if (model.probes === 0) throw new Violation(`customer ${id} is posted while the breaker has to be open`);
        model.probes -= 1;
      }
      underWay.set(id, post);
      if (!growth) return;
      const { closedAt, goods } = growth;
      if (isGroup) {
        if (claimedAt <= closedAt || 1 + goods >= concurrency) return;
        throw new Violation(`a group is posted after ${goods} good answers since the breaker has closed`);
      }
      const began = [...underWay.values()].filter((other) => !other.isGroup && other.claimedAt > closedAt).length;
      if (began > 1 + goods) {
        throw new Violation(`${began} posts at once after ${goods} good answers since the breaker has closed`);
      }
    },
    /** Gives whether that has closed it. */
    answered(verdicts: Verdict[]): boolean {
      for (const { id } of verdicts) underWay.delete(id);
      const told = verdicts.filter(({ kind }) => kind !== 'untold');
      if (told.length === 0) return false;
      if (told.some(({ kind }) => kind !== 'failing')) return good();
      bad(told.map(({ id }) => id));
      return false;
    },
    /** A package was found where one was looked for. Gives whether that has closed it. */
    found: good,
    /** A look for packages has failed. */
    lookFailed: bad,
    polled() {
      if (model.kind === 'open') model.probes = Math.min(model.probes + 1, probesMax);
    },
    /** A new life knows nothing. */
    reset() {
      model = closed();
      growth = undefined;
      underWay.clear();
    },
    /** Between when those have failed who had to be due once the breaker had closed. */
    freed: () => growth,
  };
}
