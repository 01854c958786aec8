import type { CrmContext } from '../context.ts';
import { recordsIn } from '../db/records.ts';
import type { RecordRow, RecordTable } from '../record.ts';

type RecordQuery = { after: number; limit: number } & Record<string, string | number | undefined>;

/** Rows with an id above `after` that match the filter, in id order; up to `limit` + 1, for the next-page link. */
export function listRecords(
  { db }: Pick<CrmContext, 'db'>,
  table: RecordTable,
  { after, limit, ...filter }: RecordQuery,
): Promise<RecordRow[]> {
  let query = recordsIn(db)
    .selectFrom(table)
    .selectAll()
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit + 1);
  for (const [column, value] of Object.entries(filter)) {
    if (value !== undefined) query = query.where(column, '=', value);
  }
  return query.$castTo<RecordRow>().execute();
}
