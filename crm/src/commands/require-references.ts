import { AppError } from '@doorstep/kit/errors.ts';
import type { Transaction } from 'kysely';
import { findRecord } from '../db/records.ts';
import type { CrmDatabase } from '../db/schema.ts';
import type { RecordKind, RecordValues } from '../record.ts';

/** @throws AppError `invalid` if a reference points to a record that does not exist. */
export async function requireReferences(
  trx: Transaction<CrmDatabase>,
  { references }: RecordKind,
  values: RecordValues,
): Promise<void> {
  for (const [field, { table, noun }] of Object.entries(references)) {
    const id = values[field];
    if (id == null || (await findRecord(trx, table, id as number))) continue;
    const message = `${noun} not found`;
    throw new AppError('invalid', message, { errors: [{ field, message }] });
  }
}
