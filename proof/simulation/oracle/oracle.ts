import type { Clock } from '@doorstep/kit/clock.ts';
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

/** What is due may need a moment to be taken up. */
const momentMs = 1_000;

/** Looks on, knows everything, and holds the daemon to what is promised. */
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
    /** To be called before somebody may make deliveries due; gives what is to be called when that is done. */
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
     * Whether nothing is left to do. `lonely`: those for whom the breaker may stay open, as long as there is nobody else by
     * whom an outage could be told from a fault of their own.
     */
    isSettled(lonely: Set<number>): boolean {
      const { waiting, unreported, cursor: seen } = rows.sums();
      const isWaiting = ({ customer_id: id, due_at, claimed_at }: Row) => (due_at || claimed_at) && !lonely.has(id);
      if (waiting > 0 && (lonely.size === 0 || rows.all().some(isWaiting))) return false;
      if (unreported > 0 && world.crm !== 'without-reports') return false;
      const isUnseen = ({ id, isVisible, isDeleted, wasDeleted }: Customer) =>
        isVisible && !isDeleted && !(wasDeleted && id <= seen) && !crm.unreadable.has(id) && !rows.one(id);
      return !crm.customers.some(isUnseen);
    },

    /** Nobody waits who is due, while nothing is under way and nothing keeps anybody from being delivered. */
    checkNobodyIsForgotten() {
      const now = clock.now().getTime();
      const isIdle = 'claimed_at is null and not exists (select 1 from deliveries where claimed_at is not null)';
      const before = new Date(now - momentMs).toISOString();
      const after = new Date(now + momentMs).toISOString();
      const late = rows.first(`${isIdle} and due_at < ?`, before);
      if (late) throw new Violation(`customer ${late.customer_id} is due since ${late.due_at}, and nobody takes it up`);
      const early = rows.first(`${isIdle} and state = 'pending' and due_at > ?`, after);
      if (early)
        throw new Violation(`customer ${early.customer_id} has yet to be tried, and waits for ${early.due_at}`);
      const freed = posts.seesBreaker ? posts.breaker.freed() : undefined;
      // of a group that fails by a look nothing is seen here, and the breaker may have been taken for open
      if (!freed || has('disk full', 'ledger away', 'commit lost') || crm.customers.length > 50) return;
      const waiting = "state = 'retrying' and updated_at > ? and updated_at < ? and due_at > ?";
      const kept = rows.first(`${isIdle} and ${waiting}`, freed.since, freed.closedAt, after);
      if (kept)
        throw new Violation(`customer ${kept.customer_id} waits for ${kept.due_at}, though the breaker has closed`);
    },

    /** The cursor never falls. */
    checkCursor() {
      const { cursor: now } = rows.sums();
      if (now < cursor) throw new Violation(`the cursor has fallen from ${cursor} to ${now}`);
      cursor = now;
    },

    /** An outage uses up nobody's schedule. To be called as it begins; gives what is to be called at its end. */
    outageBegins(): () => void {
      const before = {
        lives,
        underWay: posts.underWay(),
        waits: new Map(rows.all().map((row) => [row.customer_id, row.waits_used])),
      };
      // anything else that goes wrong with the Inventory has its own customers, whose schedules it may use up
      const inventoryFaults = plan.faults.filter((fault) => 'service' in fault && fault.service === 'inventory');
      const isAlone = inventoryFaults.length === 1 && !has('poison', 'group', 'clock', 'commit lost');
      const isUntouched = !has('replay', 'replay dead', 'repair', 'reconcile');
      return () => {
        const isUsed = ({ customer_id: id, waits_used }: Row) => waits_used > (before.waits.get(id) ?? 0);
        const used = rows.all().filter(isUsed).length;
        // those whom the breaker has yet to take for an outage; it counts anew after what was under way is answered well
        const allowed = 4 * (1 + lives - before.lives + before.underWay);
        if (isAlone && isUntouched && used > allowed) {
          throw new Violation(`an outage has used up waits of ${used} schedules; ${allowed} are allowed`);
        }
      };
    },

    /** Everybody has come to an end that is allowed. */
    checkEnds() {
      checkNoDoubles(ends);
      checkDead(ends, posts.refused);
      if (!has('clock', 'replay', 'replay dead', 'repair', 'reconcile')) checkWaits(ends);
    },

    checkAgreement: () => checkAgreement(ends),
  };
}
