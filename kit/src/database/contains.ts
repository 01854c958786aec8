import { type RawBuilder, sql } from 'kysely';
import { searchKey } from '../text/fold.ts';

/** Whether a column contains this text. The column stores the result of `searchKey`. */
export function contains(column: string, text: string): RawBuilder<boolean> {
  const pattern = `%${searchKey(text).replace(/[\\%_]/g, '\\$&')}%`;
  return sql<boolean>`${sql.ref(column)} like ${pattern} escape '\\'`;
}
