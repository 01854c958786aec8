import type { Transaction } from 'kysely';
import type { CrmDatabase } from './schema.ts';

type Replacement = { table: 'admins' | 'customers'; id: number; from: string; to: string };

/** Replaces a hash with another one of the same password, unless the password has changed. Its tokens stay valid. */
export async function replaceHash(trx: Transaction<CrmDatabase>, { table, id, from, to }: Replacement): Promise<void> {
  await trx
    .updateTable(table)
    .set({ password_hash: to })
    .where('id', '=', id)
    .where('password_hash', '=', from)
    .execute();
}
