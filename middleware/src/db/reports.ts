import { jsonTable } from '@doorstep/kit/database/json-table.ts';
import type { Kysely, Transaction } from 'kysely';
import { reported } from '../life-cycle.ts';
import type { LedgerDatabase } from './schema.ts';

/** Deliveries that came to an end of which the CRM does not know yet. */
export function findUnreported(db: Kysely<LedgerDatabase>, limit: number) {
  return db
    .selectFrom('deliveries')
    .select(['customer_id', 'state', 'package_id', 'attempts', 'error'])
    .where('report_pending', '=', 1)
    .orderBy('customer_id')
    .limit(limit)
    .execute();
}

/** A delivery that has come to another end since it was read stays to be reported: each end has its own attempt. */
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
