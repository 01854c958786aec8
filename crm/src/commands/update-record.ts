import type { CrmContext } from '../context.ts';
import { requireRecord, updateRecord as update } from '../db/records.ts';
import type { RecordKind, RecordRow, RecordValues } from '../record.ts';
import { requireReferences } from './require-references.ts';

/**
 * Applies the change that `changeOf` computes from the current row; undefined fields stay unchanged. Safe to repeat.
 * @throws AppError `not_found`, or `invalid` if a reference points to a record that does not exist.
 */
export function updateRecord(
  { write }: Pick<CrmContext, 'write'>,
  { kind, id }: { kind: RecordKind; id: number },
  changeOf: (row: RecordRow) => RecordValues,
): Promise<RecordRow> {
  return write(async (trx) => {
    const row = await requireRecord(trx, kind, id);
    const given = Object.entries(changeOf(row)).filter(([, value]) => value !== undefined);
    if (given.length === 0) return row;
    const change = Object.fromEntries(given);
    await requireReferences(trx, kind, change);
    return update(trx, { table: kind.table, id }, change);
  });
}
