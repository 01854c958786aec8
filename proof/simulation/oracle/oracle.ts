import type { Clock } from '@doorstep/kit/clock.ts';
import { readingAgeMaxMs } from '@doorstep/middleware/src/deliver/reading.ts';
import type { Call } from '../network.ts';
import type { Plan } from '../plan.ts';
import type { Crm, Customer, Inventory, Reply } from '../services.ts';
import type { Disk } from '../storage.ts';
import { checkAgreement, checkDead, checkNoDoubles, checkWaits } from './ends.ts';
import { createPostChecks } from './posts.ts';
import { createReads } from './reads.ts';
import { ledgerRows, type Row } from './rows.ts';
import { Violation } from './violation.ts';

type Means = {
  plan: Plan;
  clock: Clock;
  disk: Disk;
  crm: Crm;
  inventory: Inventory;
  breakerState: () => string | undefined;
};

export type Oracle = ReturnType<typeof createOracle>;

/** How late the daemon may claim a due delivery. */
const momentMs = 1_000;

/** Observes the whole run and checks that the daemon keeps its promises. */
export function createOracle({ plan, clock, disk, crm, inventory, breakerState }: Means) {
  const { world } = plan;
  const rows = ledgerRows(disk.database);
  const reads = createReads();
  const wallNow = () => clock.now().toISOString();
  const posts = createPostChecks({
    plan,
    rows,
    isClaimed: disk.isClaimed,
    reads,
    breakerState,
    nowMs: clock.monotonicMs,
    wallNow,
  });
  const ends = { plan, rows, crm, inventory };
  const has = (...kinds: string[]) => plan.faults.some(({ kind }) => kinds.includes(kind));
  let cursor = 0;
  let lives = 0;

  return {
    sent(call: Call) {
      if (call.service === 'inventory') posts.sent(call);
    },
    answered(call: Call, reply: Reply | undefined) {
      if (call.service === 'inventory') posts.answered(call, reply);
      else if (reply) reads.answered(call, reply);
    },
    crashed() {
      lives += 1;
      posts.crashed();
    },
    polled: posts.breaker.polled,
    pausedSince: rows.pausedSince,
    decided: posts.decided,
    /** Call before a command that may replay deliveries; call the returned function after it. */
    beforeReplay() {
      const before = new Map(rows.all().map(({ customer_id, state }) => [customer_id, state]));
      return () => {
        const isReplayed = ({ customer_id: id, customer_name: name, state, claimed_at }: Row) =>
          state === 'pending' && !claimed_at && (before.has(id) ? before.get(id) !== 'pending' : name === '');
        const replayed = rows
          .all()
          .filter(isReplayed)
          .map(({ customer_id }) => customer_id);
        reads.replayed(replayed);
        posts.replayed(replayed);
      };
    },

    /**
     * Whether no work is left. `exempt`: customers that may keep waiting behind an open breaker, because no other
     * customer is left that would tell an outage from a fault of their own.
     */
    isSettled(exempt: Set<number>): boolean {
      const { waiting, unreported, cursor: seen } = rows.sums();
      const isWaiting = ({ customer_id: id, due_at, claimed_at }: Row) => (due_at || claimed_at) && !exempt.has(id);
      if (waiting > 0 && (exempt.size === 0 || rows.all().some(isWaiting))) return false;
      if (unreported > 0 && world.crm !== 'without-reports') return false;
      const isUnseen = ({ id, isVisible, isDeleted, wasDeleted }: Customer) =>
        isVisible && !isDeleted && !(wasDeleted && id <= seen) && !crm.unreadable.has(id) && !rows.one(id);
      return !crm.customers.some(isUnseen);
    },

    /** No due delivery waits while the daemon is idle and nothing holds deliveries back. */
    checkNoDueDeliveryWaits() {
      const now = clock.now().getTime();
      const isIdle = 'claimed_at is null and not exists (select 1 from deliveries where claimed_at is not null)';
      const before = new Date(now - momentMs).toISOString();
      const after = new Date(now + momentMs).toISOString();
      // a delivery that has to be read again waits for a CRM that is away
      const mayWaitForCrm = plan.faults.some((fault) => 'service' in fault && fault.service === 'crm');
      const [read, ahead] = [-1, 1].map((way) => new Date(now + way * readingAgeMaxMs).toISOString()) as [
        string,
        string,
      ];
      const isRead = "before_post in ('nothing', 'look') and read_at > ? and read_at < ?";
      const late = mayWaitForCrm
        ? rows.first(`${isIdle} and due_at < ? and ${isRead}`, before, read, ahead)
        : rows.first(`${isIdle} and due_at < ?`, before);
      if (late)
        throw new Violation(`customer ${late.customer_id} has been due since ${late.due_at}, but is not claimed`);
      const early = rows.first(`${isIdle} and state = 'pending' and due_at > ?`, after);
      if (early)
        throw new Violation(`customer ${early.customer_id} has had no attempt, but waits until ${early.due_at}`);
      const freed = posts.seesBreaker ? posts.breaker.freed() : undefined;
      // the model does not see a group that fails at its look-up, so it may be wrong about the breaker
      if (!freed || has('disk full', 'ledger away', 'commit lost') || crm.customers.length > 50) return;
      const waiting = "state = 'retrying' and updated_at > ? and updated_at < ? and due_at > ?";
      const kept = rows.first(`${isIdle} and ${waiting}`, freed.since, freed.closedAt, after);
      if (kept)
        throw new Violation(`customer ${kept.customer_id} waits until ${kept.due_at}, although the breaker has closed`);
    },

    checkCursor() {
      const { cursor: now } = rows.sums();
      if (now < cursor) throw new Violation(`the cursor moved back from ${cursor} to ${now}`);
      cursor = now;
    },

    /**
     * An outage does not consume anyone's retry budget. Call when it begins; call the returned function when it ends.
     */
    outageBegins(): () => void {
      const before = {
        lives,
        underWay: posts.underWay(),
        waits: new Map(rows.all().map((row) => [row.customer_id, row.waits_used])),
      };
      // any other fault of the Inventory may consume the retry budget of the customers that it affects
      const inventoryFaults = plan.faults.filter((fault) => 'service' in fault && fault.service === 'inventory');
      // a customer that the CRM cannot show uses its own budget, too
      const isAlone = inventoryFaults.length === 1 && !has('poison', 'unreadable', 'group', 'clock', 'commit lost');
      const isUntouched = !has('replay', 'replay dead', 'repair', 'reconcile');
      return () => {
        const isUsed = ({ customer_id: id, waits_used }: Row) => waits_used > (before.waits.get(id) ?? 0);
        const used = rows.all().filter(isUsed).length;
        // failures before the breaker opens; a good answer to an earlier call makes it count anew
        const allowed = 4 * (1 + lives - before.lives + before.underWay);
        if (isAlone && isUntouched && used > allowed) {
          throw new Violation(`an outage consumed the retry budget of ${used} customers; ${allowed} are allowed`);
        }
      };
    },

    checkEnds() {
      checkNoDoubles(ends);
      checkDead(ends, posts.refused);
      // the first wait of a customer that the CRM could not show follows no attempt
      if (!has('clock', 'replay', 'replay dead', 'repair', 'reconcile', 'unreadable')) checkWaits(ends);
    },

    checkAgreement: () => checkAgreement(ends),
  };
}
