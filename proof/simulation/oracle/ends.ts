import { departedReason } from '@doorstep/middleware/src/delivery.ts';
import type { Plan } from '../plan.ts';
import { type Crm, type Customer, canBeAsked, type Inventory } from '../services.ts';
import type { Rows } from './rows.ts';
import { Violation } from './violation.ts';

type Means = { plan: Plan; rows: Rows; crm: Crm; inventory: Inventory };

const breakerMs = 2;
const retryAfterMaxMs = 3_600_000;
const roundingMs = 10;

/**
 * A delivery is dead only after a definite rejection, after the whole retry schedule, or if the CRM cannot show its
 * customer.
 */
export function checkDead({ plan, rows, crm }: Means, refused: Set<number>): void {
  for (const { customer_id: id, state, error, waits_used } of rows.all()) {
    if (state !== 'dead') continue;
    const reason = error ?? '';
    const customer = crm.customers[id - 1];
    const isAllowed =
      (reason.startsWith('given up after') && waits_used === plan.world.waitsMs.length) ||
      (reason === departedReason && (customer?.wasDeleted || customer?.isVisible === false)) ||
      (reason.startsWith('Inventory answered') && refused.has(id)) ||
      (reason.startsWith('the CRM cannot show this customer') && mayBeUnreadable(plan, id));
    if (!isAllowed)
      throw new Violation(`customer ${id} is dead without a valid reason, after ${waits_used} waits: ${reason}`);
  }
}

/** The CRM fails on this customer, on the next one if this one is gone, or on any customer during a fault. */
function mayBeUnreadable({ faults }: Plan, id: number): boolean {
  return faults.some(
    (fault) => (fault.kind === 'unreadable' && fault.customer >= id) || ('service' in fault && fault.service === 'crm'),
  );
}

/** Each customer's waits follow the retry schedule in order, with jitter. A wait for the CRM is none of them. */
export function checkWaits({ plan, rows }: Means): void {
  const used = new Map<number, number>();
  const ratios: number[] = [];
  for (const { customer_id: id, started_at, duration_ms, next_attempt_at, error } of rows.attempts()) {
    // while a post settles, and while the CRM cannot be read
    if (error.endsWith('may still create a package') || error.startsWith('CRM ')) continue;
    const waitMs = Date.parse(next_attempt_at) - Date.parse(started_at) - duration_ms;
    if (waitMs <= breakerMs) continue;
    const step = used.get(id) ?? 0;
    used.set(id, step + 1);
    const ratio = waitMs / (plan.world.waitsMs[step] ?? 0);
    if (ratio > 0.79 && ratio < 1.21) ratios.push(ratio);
    else if (ratio < 1 || waitMs > retryAfterMaxMs + roundingMs) {
      throw new Violation(`customer ${id} waits for ${waitMs} ms, which is not wait ${step + 1} of the schedule`);
    }
  }
  const spread = Math.max(...ratios) - Math.min(...ratios);
  if (ratios.length >= 5 && spread < 0.002) throw new Violation(`${ratios.length} waits have no jitter`);
}

/** No customer has two packages, and every package belongs to a customer. */
export function checkNoDoubles({ crm, inventory }: Means): void {
  const seen = new Set<number>();
  for (const { customerId: id } of inventory.packages) {
    if (seen.has(id)) throw new Violation(`customer ${id} has two packages`);
    if (!crm.customers[id - 1]) throw new Violation(`a package exists for customer ${id}, which was never in the CRM`);
    seen.add(id);
  }
}

const mayBeMissed = ({ isDeleted, wasDeleted }: Customer) => isDeleted || wasDeleted;

/** Each customer has one package, and the ledger and the CRM agree on it. */
export function checkAgreement(means: Means): void {
  const { plan, rows, crm, inventory } = means;
  checkNoDoubles(means);
  const packages = new Map(inventory.packages.map((one) => [one.customerId, one]));
  const ledger = new Map(rows.all().map((row) => [row.customer_id, row]));
  for (const customer of crm.customers) {
    const { id, isDeleted } = customer;
    const [row, made, report] = [ledger.get(id), packages.get(id), crm.reports.get(id)];
    // only a reconciliation finds a customer that was deleted during the poll, and an Inventory without a look-up
    // cannot be reconciled
    if (!row && !canBeAsked(plan.world.inventory) && mayBeMissed(customer)) continue;
    if (!isDeleted && !made) {
      throw new Violation(`customer ${id} has no package: ${row?.state ?? 'never seen'} ${row?.error ?? ''}`);
    }
    if (!isDeleted && row?.state !== 'delivered')
      throw new Violation(`customer ${id} has a package, but its delivery is ${row?.state}`);
    if (row?.state === 'delivered' && Number(row.package_id) !== made?.id) {
      throw new Violation(`customer ${id} has package ${made?.id}, but the ledger says ${row.package_id}`);
    }
    if (!row || plan.world.crm === 'without-reports') continue;
    const expected = row.state === 'delivered' ? 'delivered' : 'failed';
    if (report?.state !== expected || (expected === 'delivered' && report.package_id !== made?.id)) {
      throw new Violation(`the CRM shows customer ${id} as ${report?.state}, but the ledger says ${expected}`);
    }
    if (report.attempts !== row.posts) {
      throw new Violation(
        `the CRM shows ${report.attempts} attempts for customer ${id}, but the ledger has ${row.posts}`,
      );
    }
  }
  for (const id of packages.keys())
    if (!ledger.has(id)) throw new Violation(`customer ${id} has a package, but is not in the ledger`);
}
