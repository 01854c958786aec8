import type { CrmContext } from '../context.ts';
import { requireRecord } from '../db/records.ts';
import type { RecordKind, RecordRow } from '../record.ts';

/** @throws AppError `not_found` */
export function getRecord({ db }: Pick<CrmContext, 'db'>, kind: RecordKind, id: number): Promise<RecordRow> {
  return requireRecord(db, kind, id);
}
