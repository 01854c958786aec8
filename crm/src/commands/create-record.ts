import type { CrmContext } from '../context.ts';
import { insertRecord } from '../db/records.ts';
import type { RecordKind, RecordRow, RecordValues } from '../record.ts';
import { requireReferences } from './require-references.ts';

/** @throws AppError `invalid` if a reference points to a record that does not exist. */
export function createRecord(
  { write, clock }: Pick<CrmContext, 'write' | 'clock'>,
  kind: RecordKind,
  values: RecordValues,
): Promise<RecordRow> {
  return write(async (trx) => {
    await requireReferences(trx, kind, values);
    return insertRecord(trx, kind.table, { ...values, created_at: clock.now().toISOString() });
  });
}
