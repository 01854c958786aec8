import type { Kysely, Transaction } from 'kysely';
import type { Reconciliation } from '../reconcile/reconciliation.ts';
import type { LedgerDatabase } from './schema.ts';

export type Facts = {
  /** When an operator paused deliveries. */
  paused: string;
  /** The operations port of the daemon that started last. */
  daemon: { url: string };
  reconciliation: Reconciliation;
  /** Where this ledger began; `upTo`: the highest id at that moment; `ignored`: another START_FROM that was given later. */
  start: { startFrom: string; upTo: number; isTold: boolean; ignored?: string };
};

export async function readFact<Name extends keyof Facts>(
  db: Kysely<LedgerDatabase>,
  name: Name,
): Promise<Facts[Name] | undefined> {
  const row = await db.selectFrom('facts').select('value').where('name', '=', name).executeTakeFirst();
  return row && JSON.parse(row.value);
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
