import type { Transaction } from 'kysely';
import { inIdOrder, isNumber, isText } from '../customer-key.ts';
import type { Stranger, Strangers } from '../strangers.ts';
import { updateDeliveries } from './deliveries.ts';
import { forgetFact, readFact, writeFact } from './facts.ts';
import { numbersOf } from './keys.ts';
import type { LedgerDatabase } from './schema.ts';

/** Limits what is kept and read; a reconciliation finds the others again after these are accepted. */
const keptMax = 10_000;

/** Stops deliveries until the strangers are accepted. Gives all that are known, or undefined if none of these is new. */
export async function addStrangers(
  trx: Transaction<LedgerDatabase>,
  found: Stranger[],
  now: string,
): Promise<Strangers | undefined> {
  const known = await readFact(trx, 'strangers');
  const customers = new Map(known?.customers.map((one) => [one.id, one]));
  for (const one of found) if (customers.size < keptMax || customers.has(one.id)) customers.set(one.id, one);
  const kept = inIdOrder([...customers.values()]);
  if (JSON.stringify(kept) === JSON.stringify(known?.customers)) return undefined;
  const strangers = { since: known?.since ?? now, customers: kept };
  await writeFact(trx, 'strangers', strangers);
  return strangers;
}

/**
 * The people that the ids belong to now are taken for those of the ledger; their deliveries stand. As after a rename, the
 * ledger keeps the name that a package may bear, and a delivery that waits reads the customer again. Safe to repeat.
 */
export async function acceptStrangers(trx: Transaction<LedgerDatabase>): Promise<void> {
  const known = await readFact(trx, 'strangers');
  if (!known) return;
  const numbers = await numbersOf(trx, known.customers.map(({ id }) => id).filter(isText));
  const changes = known.customers.map(({ id, is }) => ({
    customer_id: isNumber(id) ? id : (numbers.get(id) ?? 0),
    customer_created_at: is.createdAt ?? null,
    read_at: null,
  }));
  await updateDeliveries(trx, changes);
  await forgetFact(trx, 'strangers');
}
