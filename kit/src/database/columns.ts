import type { ColumnDataType, ColumnDefinitionBuilder, Kysely, RawBuilder } from 'kysely';
import { PostgresAdapter, sql } from 'kysely';

type Column = [
  type: ColumnDataType | RawBuilder<unknown>,
  build: (column: ColumnDefinitionBuilder) => ColumnDefinitionBuilder,
];

/** The column types in which the two databases differ, for migrations. Rows look the same from either. */
export function columnTypes(db: Kysely<never>) {
  const postgres = isPostgres(db);
  const id: Column = postgres
    ? ['bigint', (column) => column.generatedAlwaysAsIdentity().primaryKey()]
    : // autoincrement: an id is never given out again, not even after its row was deleted
      ['integer', (column) => column.primaryKey().autoIncrement()];
  return {
    id,
    /** A reference to such an id, or an id that another system gave. */
    reference: (postgres ? 'bigint' : 'integer') as ColumnDataType,
    /** ISO 8601, UTC, milliseconds. */
    timestamp: postgres ? sql`timestamptz(3)` : ('text' as ColumnDataType),
  };
}

/** Whether this connection, or transaction, is one to PostgreSQL. */
export function isPostgres(db: Pick<Kysely<never>, 'getExecutor'>): boolean {
  return db.getExecutor().adapter instanceof PostgresAdapter;
}
