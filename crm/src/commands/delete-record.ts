import type { CrmContext } from '../context.ts';
import { deleteRecord as remove, requireRecord } from '../db/records.ts';
import type { RecordKind } from '../record.ts';

/** Sets references to the record to null. @throws AppError `not_found`, also on a second call. */
export async function deleteRecord({ write }: Pick<CrmContext, 'write'>, kind: RecordKind, id: number): Promise<void> {
  await write(async (trx) => {
    await requireRecord(trx, kind, id);
    await remove(trx, kind.table, id);
  });
}
