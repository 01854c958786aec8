import { type Kysely, type RawBuilder, sql } from 'kysely';
import { isPostgres } from './columns.ts';

// Kysely's values() sends each cell as a parameter. SQLite allows 32,766, and each row count needs its own statement.

type ColumnType = 'bigint' | 'integer' | 'double precision' | 'text' | 'timestamptz';

/**
 * Rows as a table to select, insert or update from. All rows are one parameter, so the statement is the same for one
 * row and for a thousand, and the database prepares it once.
 */
export function jsonTable<Row extends object>(
  db: Pick<Kysely<never>, 'getExecutor'>,
  rows: Row[],
  columns: { [Name in keyof Row & string]: ColumnType },
): RawBuilder<Row> {
  const json = JSON.stringify(rows);
  const names = Object.keys(columns);
  if (isPostgres(db)) {
    const typed = names.map((name) => sql`${sql.ref(name)} ${sql.raw(columns[name as keyof typeof columns])}`);
    return sql<Row>`(select * from jsonb_to_recordset(cast(${json} as jsonb)) as r(${sql.join(typed)}))`;
  }
  const picked = names.map((name) => sql`value ->> ${sql.lit(name)} as ${sql.ref(name)}`);
  return sql<Row>`(select ${sql.join(picked)} from json_each(${json}))`;
}
