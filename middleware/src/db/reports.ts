import type { Kysely, Transaction } from 'kysely';
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

/** A delivery whose state has changed since it was read stays to be reported. */
export async function markReported(
  trx: Transaction<LedgerDatabase>,
  rows: Pick<LedgerDatabase['deliveries'], 'customer_id' | 'state'>[],
): Promise<void> {
  for (const [state, same] of Map.groupBy(rows, (row) => row.state)) {
    const ids = same.map((row) => row.customer_id);
    await trx
      .updateTable('deliveries')
      .set({ report_pending: 0 })
      .where('customer_id', 'in', ids)
      .where('state', '=', state)
      .execute();
  }
}
