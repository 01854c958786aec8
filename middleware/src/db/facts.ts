import type { Kysely, Transaction } from 'kysely';
import type { CustomerKey } from '../delivery.ts';
import type { Pause } from '../pause.ts';
import type { Reconciliation } from '../reconcile/reconciliation.ts';
import type { LedgerDatabase } from './schema.ts';

type Facts = {
  /** Text: the time of a pause that an earlier release has stored. */
  paused: Pause | string;
  /** The operations port of the daemon that started last. */
  daemon: { url: string };
  reconciliation: Reconciliation;
  /** Where a list with text ids, which has no order by id, was read to. */
  lastListed: CustomerKey;
  /** The SOURCE_NAME of the customers in the ledger; absent if they have none. */
  source: { name: string };
  /** Every PACKAGE_TYPE that the ledger was used with. */
  packageTypes: string[];
};

export async function readFact<Name extends keyof Facts>(
  db: Kysely<LedgerDatabase>,
  name: Name,
): Promise<Facts[Name] | undefined> {
  const row = await db.selectFrom('facts').select('value').where('name', '=', name).executeTakeFirst();
  return row && JSON.parse(row.value);
}

/** The pause of deliveries; undefined if they go on. */
export async function readPause(db: Kysely<LedgerDatabase>): Promise<Pause | undefined> {
  const fact = await readFact(db, 'paused');
  return typeof fact === 'string' ? { since: fact, by: 'operator', reason: null } : fact;
}

export async function writeFact<Name extends keyof Facts>(
  trx: Transaction<LedgerDatabase>,
  name: Name,
  fact: Facts[Name],
): Promise<void> {
  const value = JSON.stringify(fact);
  await trx
    .insertInto('facts')
    .values({ name, value })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
    .execute();
}

export async function forgetFact(trx: Transaction<LedgerDatabase>, name: keyof Facts): Promise<void> {
  await trx.deleteFrom('facts').where('name', '=', name).execute();
}
