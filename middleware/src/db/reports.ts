import { jsonTable } from '@doorstep/kit/database/json-table.ts';
import { type Kysely, sql, type Transaction } from 'kysely';
import { reported } from '../life-cycle.ts';
import type { LedgerDatabase } from './schema.ts';

/** Finished deliveries that are not yet reported to the CRM. */
export function findUnreported(db: Kysely<LedgerDatabase>, limit: number) {
  return db
    .selectFrom('deliveries')
    .select(['customer_id', 'customer_key', 'state', 'package_id', 'attempts', 'posts', 'error'])
    .where('report_pending', '=', 1)
    .orderBy('customer_id')
    .limit(limit)
    .execute();
}

/** Deliveries that go on, and of which the CRM does not know how far they are; all but these customers. */
export function findProgress(db: Kysely<LedgerDatabase>, butFor: number[], limit: number) {
  const told = butFor.map((id) => ({ id }));
  return db
    .selectFrom('deliveries')
    .select(['customer_id', 'customer_key', 'state', 'attempts', 'posts', 'error'])
    .where('report_pending', '=', sql.lit(2))
    .where('customer_id', 'not in', (eb) =>
      eb.selectFrom(jsonTable(db, told, { id: 'bigint' }).as('told')).select('id'),
    )
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
