import { type RawBuilder, sql } from 'kysely';
import { searchFold } from '../text/fold.ts';

/** Whether a column contains this text. The column stores the result of `searchFold`. */
export function contains(column: string, text: string): RawBuilder<boolean> {
  const pattern = `%${searchFold(text).replace(/[\\%_]/g, '\\$&')}%`;
  return sql<boolean>`${sql.ref(column)} like ${pattern} escape '\\'`;
}
