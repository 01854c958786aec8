import type { Kysely } from 'kysely';
import { namelessReason } from '../delivery.ts';
import type { LedgerDatabase } from './schema.ts';

/** Whether any customer has been recorded with a name. */
export async function hasNamed(db: Kysely<LedgerDatabase>): Promise<boolean> {
  const one = db.selectFrom('deliveries').select('customer_id').where('customer_name', '!=', '').limit(1);
  return (await one.executeTakeFirst()) !== undefined;
}

/** How many customers the CRM has shown without a name, counted up to `max`. */
export async function countNameless(db: Kysely<LedgerDatabase>, max: number): Promise<number> {
  const rows = await nameless(db).limit(max).execute();
  return rows.length;
}

/** Those whose deliveries wait for a name, or are dead for it. */
export function findNameless(db: Kysely<LedgerDatabase>) {
  return nameless(db).where('state', 'in', ['retrying', 'dead']).where('claimed_at', 'is', null).execute();
}

function nameless(db: Kysely<LedgerDatabase>) {
  return db
    .selectFrom('deliveries')
    .select(['customer_id', 'error'])
    .where('customer_name', '=', '')
    .where('error', 'like', `${namelessReason}%`);
}
