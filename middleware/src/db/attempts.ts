import { jsonTable } from '@doorstep/kit/database/json-table.ts';
import type { Selectable, Transaction } from 'kysely';
import type { LedgerDatabase } from './schema.ts';

type NewAttempt = Omit<Selectable<LedgerDatabase['attempts']>, 'id'>;

const columns = {
  customer_id: 'bigint',
  started_at: 'timestamptz',
  duration_ms: 'integer',
  status: 'integer',
  error: 'text',
  next_attempt_at: 'timestamptz',
  calls: 'text',
} as const;
const names = Object.keys(columns) as (keyof NewAttempt)[];

export async function insertAttempts(trx: Transaction<LedgerDatabase>, attempts: NewAttempt[]): Promise<void> {
  if (attempts.length === 0) return;
  await trx
    .insertInto('attempts')
    .columns(names)
    .expression((eb) => eb.selectFrom(jsonTable(trx, attempts, columns).as('attempt')).select(names))
    .execute();
}
