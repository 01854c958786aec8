import type { DatabaseSync } from 'node:sqlite';
import type { Call } from './network.ts';
import type { Plan } from './plan.ts';
import type { Crm, Customer, Inventory, Reply } from './services.ts';

/** A promise that was not kept. */
export class Violation extends Error {}

type Row = {
  customer_id: number;
  state: string;
  due_at: string | null;
  claimed_at: string | null;
  package_id: string | null;
  error: string | null;
  waits_used: number;
  report_pending: number;
};

export type Oracle = ReturnType<typeof createOracle>;

type Means = {
  plan: Plan;
  database: DatabaseSync;
  crm: Crm;
  inventory: Inventory;
};

const cannotBeAsked = [400, 401, 403, 404, 405, 414, 422, 501];
const departed = 'the CRM has this customer no longer';

/** Looks on, knows everything, and holds the daemon to what is promised. */
export function createOracle({ plan, database, crm, inventory }: Means) {
  const { world } = plan;
  const rowOf = database.prepare('select * from deliveries where customer_id = ?');
  /** Customers whose last post was never answered, and who have not been looked for since. */
  const inDoubt = new Set<number>();
  const underWay = new Set<number>();
  const refused = new Set<number>();
  let calls = 0;
  let posts = 0;

  function customersOf({ request }: Call): number[] {
    if (request.method !== 'post') return [];
    const data = request.data as { customerId?: number; packages?: { customerId: number }[] };
    return data.packages ? data.packages.map(({ customerId }) => customerId) : [data.customerId as number];
  }

  function checkPost(id: number, key: string | undefined) {
    const row = rowOf.get(id) as Row | undefined;
    if (!row) throw new Violation(`customer ${id} is posted, and the ledger does not know of it`);
    if (row.state === 'delivered' || row.state === 'dead') {
      throw new Violation(`customer ${id} is posted again after a final answer (${row.state})`);
    }
    if (!row.claimed_at) throw new Violation(`customer ${id} is posted without a claim in the ledger`);
    if (underWay.has(id)) throw new Violation(`customer ${id} is posted twice at once`);
    if (key !== `welcome-${id}`) throw new Violation(`customer ${id} is posted with the key ${key}`);
    if (inDoubt.has(id) && world.inventory !== 'keyed') {
      throw new Violation(`customer ${id} is posted again without a look after a post that was never answered`);
    }
  }

  function sent(call: Call) {
    if (call.service !== 'inventory') return;
    calls += 1;
    const ids = customersOf(call);
    const { packages } = (call.request.data ?? {}) as { packages?: { idempotencyKey: string }[] };
    ids.forEach((id, index) => {
      checkPost(id, packages ? packages[index]?.idempotencyKey : call.request.idempotencyKey);
      underWay.add(id);
    });
    if (ids.length > 0) posts += 1;
    if (posts > world.concurrency) throw new Violation(`${posts} posts at once; ${world.concurrency} are allowed`);
    if (call.fate?.kind !== 'refused') for (const id of ids) inDoubt.add(id);
  }

  function answered(call: Call, reply: Reply | undefined) {
    if (call.service !== 'inventory') return;
    const ids = customersOf(call);
    for (const id of ids) underWay.delete(id);
    if (ids.length > 0) posts -= 1;
    if (!reply) return;
    for (const id of ids) inDoubt.delete(id);
    const { status } = reply;
    if (ids.length === 1 && status >= 400 && status < 500) refused.add(ids[0] as number);
    const { results } = (reply.data ?? {}) as { results?: { status: number }[] };
    results?.forEach((result, index) => {
      if (result.status >= 400 && result.status < 500) refused.add(ids[index] as number);
    });
    const asked = call.request.method === 'get' ? call.request.params['customerId'] : undefined;
    if (asked !== undefined && (status === 200 || cannotBeAsked.includes(status))) {
      for (const id of String(asked).split(',')) inDoubt.delete(Number(id));
    }
  }

  const wasMissed = ({ isDeleted, wasDeleted }: Customer) => isDeleted || wasDeleted;
  const rows = () => database.prepare('select * from deliveries order by customer_id').all() as unknown as Row[];

  /** Dead are those who were refused for good, or after the whole schedule, or whose customer is gone or unreadable. */
  function checkDead() {
    for (const { customer_id: id, state, error, waits_used } of rows()) {
      if (state !== 'dead') continue;
      const reason = error ?? '';
      const isWhole = waits_used === world.waitsMs.length;
      if (reason.startsWith('given up after') && !isWhole) {
        throw new Violation(`customer ${id} is given up after ${waits_used} of ${world.waitsMs.length} waits`);
      }
      if (reason === departed && !crm.customers[id - 1]?.wasDeleted && crm.customers[id - 1]?.isVisible !== false) {
        throw new Violation(`customer ${id} is dead as departed, and was there all the time`);
      }
      if (/^Inventory answered/.test(reason) && !refused.has(id)) {
        throw new Violation(`customer ${id} is dead, and the Inventory has never refused it: ${reason}`);
      }
    }
  }

  /** Waits are those of the schedule, and spread. */
  function checkWaits() {
    const attempts = database
      .prepare('select * from attempts where next_attempt_at is not null and duration_ms is not null')
      .all() as { started_at: string; duration_ms: number; next_attempt_at: string }[];
    const ratios: number[] = [];
    for (const { started_at, duration_ms, next_attempt_at } of attempts) {
      const waitMs = Date.parse(next_attempt_at) - Date.parse(started_at) - duration_ms;
      if (waitMs <= 2) continue; // for the breaker
      const fits = world.waitsMs.map((wait) => waitMs / wait).filter((ratio) => ratio > 0.79 && ratio < 1.21);
      if (fits.length === 0 && waitMs > 3_600_010)
        throw new Violation(`a wait of ${waitMs} ms is none of the schedule`);
      if (fits.length === 1) ratios.push(fits[0] as number);
    }
    const spread = Math.max(...ratios) - Math.min(...ratios);
    if (ratios.length >= 5 && spread < 0.002) throw new Violation(`${ratios.length} waits are all alike: no jitter`);
  }

  /** Never two, whatever has happened. */
  function checkNoDoubles() {
    const seen = new Set<number>();
    for (const { customerId } of inventory.packages) {
      if (seen.has(customerId)) throw new Violation(`customer ${customerId} has two packages`);
      seen.add(customerId);
      if (!crm.customers[customerId - 1])
        throw new Violation(`a package for customer ${customerId}, whom nobody knows`);
    }
  }

  return {
    sent,
    answered,
    calls: () => calls,
    /** The daemon is dead, and what it had under way with it. */
    crashed() {
      underWay.clear();
      posts = 0;
    },

    /** Whether nothing is left to do. */
    isSettled(): boolean {
      const { waiting, unreported, cursor } = database
        .prepare(
          `select count(*) filter (where due_at is not null or claimed_at is not null) as waiting,
            count(*) filter (where report_pending = 1) as unreported,
            (select coalesce(max(last_seen_id), 0) from cursors) as cursor from deliveries`,
        )
        .get() as { waiting: number; unreported: number; cursor: number };
      const isUnseen = ({ id, isVisible, isDeleted, wasDeleted }: Customer) =>
        isVisible && !isDeleted && !(wasDeleted && id <= cursor) && !crm.unreadable.has(id) && !rowOf.get(id);
      const unseen = crm.customers.some(isUnseen);
      return waiting === 0 && !unseen && (unreported === 0 || world.crm === 'without-reports');
    },

    /** What waits though it is due, nothing is under way and nothing keeps it from being delivered. */
    checkNobodyLies(wallNow: string) {
      const row = database
        .prepare(
          `select customer_id, due_at from deliveries where claimed_at is null and due_at < ?
            and not exists (select 1 from deliveries where claimed_at is not null) limit 1`,
        )
        .get(wallNow) as Row | undefined;
      if (row) throw new Violation(`customer ${row.customer_id} is due since ${row.due_at}, and nobody takes it up`);
    },

    /** Everybody has come to an end that is allowed. `isSteady`: no clock has jumped. */
    checkEnds(isSteady: boolean) {
      checkNoDoubles();
      checkDead();
      if (isSteady) checkWaits();
    },

    /** Each customer has one, and the three agree. */
    checkAgreement() {
      checkNoDoubles();
      const packages = new Map(inventory.packages.map((one) => [one.customerId, one]));
      const ledger = new Map(rows().map((row) => [row.customer_id, row]));
      for (const customer of crm.customers) {
        const { id, isDeleted } = customer;
        const [row, made, report] = [ledger.get(id), packages.get(id), crm.reports.get(id)];
        // whoever was not there when the poll came by is found by a comparison, where the Inventory lets itself be compared
        if (!row && world.inventory === 'keyed' && wasMissed(customer)) continue;
        if (!isDeleted && !made)
          throw new Violation(`customer ${id} has no package: ${row?.state ?? 'never seen'} ${row?.error ?? ''}`);
        if (!isDeleted && row?.state !== 'delivered')
          throw new Violation(`customer ${id} has a package, and is ${row?.state}`);
        if (row?.state === 'delivered' && Number(row.package_id) !== made?.id) {
          throw new Violation(`customer ${id} has the package ${made?.id}, and the ledger says ${row.package_id}`);
        }
        if (!row || world.crm === 'without-reports') continue;
        const told = row.state === 'delivered' ? 'delivered' : 'failed';
        if (report?.state !== told || (told === 'delivered' && report.package_id !== made?.id)) {
          throw new Violation(`the CRM believes that customer ${id} is ${report?.state}; the ledger says ${told}`);
        }
      }
      for (const id of packages.keys())
        if (!ledger.has(id)) throw new Violation(`the ledger does not know customer ${id}`);
    },
  };
}
