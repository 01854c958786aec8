import type { Call } from '../network.ts';
import type { Plan } from '../plan.ts';
import type { Reply } from '../services.ts';
import { customersOf, isFinal, isGroup, lookedUp, verdictsOf } from './answers.ts';
import { createBreakerModel } from './breaker-model.ts';
import type { createReads } from './reads.ts';
import type { Rows } from './rows.ts';
import { Violation } from './violation.ts';

type Means = {
  plan: Plan;
  rows: Rows;
  isClaimed: (id: number) => boolean;
  reads: ReturnType<typeof createReads>;
  /** The state of the daemon's own breaker. */
  breakerState: () => string | undefined;
  nowMs: () => number;
  wallNow: () => string;
};

/** An Inventory that answers so has no look-up, or none for this token. */
const cannotBeAsked = [400, 401, 403, 404, 405, 414, 422, 501];
/** A look-up this long after a post proves that it has created no package, and none sooner. */
const settledMs = 70_000;
/** After these a customer may be posted again, under another name. */
const ofRecord = [400, 422];
const retryAfterMaxS = 3_600;

export function createPostChecks({ plan, rows, isClaimed, reads, breakerState, nowMs, wallNow }: Means) {
  const { world } = plan;
  const has = (...kinds: string[]) => plan.faults.some(({ kind }) => kinds.includes(kind));
  const isSteady = !has('clock');
  /** No command makes a delivery due early. */
  const isUntouched = isSteady && !has('replay', 'replay dead', 'repair', 'reconcile');
  // a failed look-up may fail a whole group, which the model does not see
  const travelInGroups = plan.arrivals.reduce((sum, { count }) => sum + count, 0) > 50;
  const breaker = createBreakerModel(wallNow, {
    probesAtOpening: travelInGroups ? 1 : 0,
    concurrency: world.concurrency,
  });
  // the model sees each quick retry, and would take it for the end of an attempt
  const seesBreaker = isSteady && world.retriesMax === 0 && !has('group');
  const open = new Map<Call, number[]>();
  /** When the last post was sent that may have created a package, until a look-up proves that it has not. */
  const inDoubt = new Map<number, number>();
  const refused = new Set<number>();
  /** Claims of probes, as customer id and claim time. */
  const probes = new Set<string>();
  const posted = new Set<string>();
  const notBeforeMs = new Map<number, number>();

  function checkPost(id: number, { key, name }: { key: string | undefined; name: string }) {
    const row = rows.one(id);
    if (!row) throw new Violation(`customer ${id} is posted, but is not in the ledger`);
    if (row.state === 'delivered' || row.state === 'dead' || row.state === 'held') {
      throw new Violation(`customer ${id} is posted again after a final answer (${row.state})`);
    }
    const status = Number(/^Inventory answered (\d+)/.exec(row.error ?? '')?.[1]);
    const isCorrected = ofRecord.includes(status) && name !== row.customer_name;
    if (row.state === 'retrying' && isFinal(status) && !isCorrected) {
      throw new Violation(`customer ${id} is posted again after a final answer (${status})`);
    }
    if (!row.claimed_at || !isClaimed(id))
      throw new Violation(`customer ${id} is posted without a claim in the ledger`);
    const pausedSince = rows.pausedSince();
    if (isSteady && pausedSince !== undefined && row.claimed_at > pausedSince) {
      throw new Violation(
        `customer ${id} is claimed at ${row.claimed_at}, although deliveries are paused since ${pausedSince}`,
      );
    }
    if ([...open.values()].some((ids) => ids.includes(id)))
      throw new Violation(`customer ${id} has two concurrent posts`);
    if (key !== `welcome-${id}`) throw new Violation(`customer ${id} is posted with the wrong key ${key}`);
    if (inDoubt.has(id) && world.inventory !== 'keyed' && world.inventory !== 'ours') {
      throw new Violation(`customer ${id} is posted again before a look-up could prove that no package exists`);
    }
    const askedMs = notBeforeMs.get(id) ?? 0;
    if (isUntouched && nowMs() < askedMs) {
      throw new Violation(`customer ${id} is posted ${askedMs - nowMs()} ms before its Retry-After has passed`);
    }
    const claim = `${id} ${row.claimed_at}`;
    if (probes.has(claim)) throw new Violation(`customer ${id} is posted twice in one probe`);
    if (breakerState() === 'half-open' && !posted.has(claim)) probes.add(claim);
    posted.add(claim);
    reads.posted(id, name);
    return row.claimed_at;
  }

  function checkLookUp(ids: number[], reply: Reply | undefined) {
    if (ids.length === 0) return;
    const isAnswered = reply && (reply.status === 200 || cannotBeAsked.includes(reply.status));
    // as for a post, a 409 says nothing about other customers
    if (reply?.status === 409) return void breaker.answered(ids.map((id) => ({ id, kind: 'own', inDoubt: true })));
    if (!isAnswered) return breaker.lookUpFailed(ids);
    for (const id of ids) {
      const isSettled = nowMs() - (inDoubt.get(id) ?? 0) >= settledMs;
      if (reply.status === 200 && isSettled) inDoubt.delete(id);
    }
    const found = reply.status === 200 ? (reply.data as { customerId: number }[]) : [];
    if (found.some(({ customerId }) => ids.includes(customerId)) && (breaker.found() || !seesBreaker)) {
      notBeforeMs.clear();
    }
  }

  return {
    refused,
    breaker,
    sent(call: Call) {
      const ids = customersOf(call);
      if (ids.length === 0) return;
      type Post = { customerName: string; idempotencyKey?: string };
      const { packages } = call.request.data as { packages?: Post[] };
      const posts = packages ?? [{ ...(call.request.data as Post), idempotencyKey: call.request.idempotencyKey }];
      ids.forEach((id, index) => {
        const { idempotencyKey: key, customerName: name } = posts[index] as Post;
        const claimedAt = checkPost(id, { key, name });
        if (seesBreaker) breaker.sent({ id, claimedAt, isGroup: isGroup(call) });
      });
      open.set(call, ids);
      if (open.size > world.concurrency) {
        throw new Violation(`${open.size} concurrent posts; ${world.concurrency} are allowed`);
      }
      if (call.fate?.kind !== 'refused') for (const id of ids) inDoubt.set(id, nowMs());
    },
    answered(call: Call, reply: Reply | undefined) {
      checkLookUp(lookedUp(call), reply);
      if (!open.delete(call)) return;
      const verdicts = verdictsOf(call, reply);
      const isGood = verdicts.some(({ kind }) => kind === 'good' || kind === 'final' || kind === 'own');
      const hasClosed = breaker.answered(verdicts);
      if (isGood && (hasClosed || !seesBreaker)) notBeforeMs.clear();
      const retryAfterS = Number(reply?.headers['retry-after'] ?? 0);
      for (const { id, kind, inDoubt: isInDoubt } of verdicts) {
        if (!isInDoubt) inDoubt.delete(id);
        if (kind === 'final') refused.add(id);
        if (kind === 'failing' && retryAfterS > 0) {
          notBeforeMs.set(id, nowMs() + 1000 * Math.min(retryAfterS, retryAfterMaxS));
        }
      }
    },
    seesBreaker,
    /** A replay need not wait for Retry-After. */
    replayed(ids: number[]) {
      for (const id of ids) notBeforeMs.delete(id);
    },
    /** An operator has seen that there is no package. */
    decided(ids: number[]) {
      for (const id of ids) inDoubt.delete(id);
    },
    underWay: () => open.size,
    /** A killed daemon loses its calls and everything that it had not stored. */
    crashed() {
      open.clear();
      notBeforeMs.clear();
      breaker.reset();
    },
  };
}
