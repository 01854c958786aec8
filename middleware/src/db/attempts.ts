import type { Insertable, Transaction } from 'kysely';
import type { LedgerDatabase } from './schema.ts';

export async function insertAttempts(
  trx: Transaction<LedgerDatabase>,
  attempts: Insertable<LedgerDatabase['attempts']>[],
): Promise<void> {
  if (attempts.length > 0) await trx.insertInto('attempts').values(attempts).execute();
}
