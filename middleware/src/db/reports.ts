import { jsonTable } from '@doorstep/kit/database/json-table.ts';
import type { Kysely, Transaction } from 'kysely';
import { reported } from '../life-cycle.ts';
import type { LedgerDatabase } from './schema.ts';

/** Finished deliveries that are not yet reported to the CRM. */
export function findUnreported(db: Kysely<LedgerDatabase>, limit: number) {
  return db
    .selectFrom('deliveries')
    .select(['customer_id', 'customer_key', 'state', 'package_id', 'attempts', 'error'])
    .where('report_pending', '=', 1)
    .orderBy('customer_id')
    .limit(limit)
    .execute();
}

/** A delivery that has ended anew since it was read stays unreported: its number of attempts is another. */
export async function markReported(
  trx: Transaction<LedgerDatabase>,
  rows: Pick<LedgerDatabase['deliveries'], 'customer_id' | 'state' | 'attempts'>[],
): Promise<void> {
  const told = rows.map(({ customer_id, state, attempts }) => ({ customer_id, state, attempts }));
  await trx
    .updateTable('deliveries')
    .from(jsonTable(trx, told, { customer_id: 'bigint', state: 'text', attempts: 'integer' }).as('told'))
    .set(reported)
    .whereRef('deliveries.customer_id', '=', 'told.customer_id')
    .whereRef('deliveries.state', '=', 'told.state')
    .whereRef('deliveries.attempts', '=', 'told.attempts')
    .execute();
}
