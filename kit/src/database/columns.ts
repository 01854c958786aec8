import type { ColumnDataType, ColumnDefinitionBuilder, Kysely, RawBuilder } from 'kysely';
import { PostgresAdapter, sql } from 'kysely';

type Column = [
  type: ColumnDataType | RawBuilder<unknown>,
  build: (column: ColumnDefinitionBuilder) => ColumnDefinitionBuilder,
];

/** The column types that differ between the two databases, for migrations. Both databases return the same rows. */
export function columnTypes(db: Kysely<never>) {
  const postgres = isPostgres(db);
  const id: Column = postgres
    ? ['bigint', (column) => column.generatedAlwaysAsIdentity().primaryKey()]
    : // autoincrement: an id is never reused, not even after its row is deleted
      ['integer', (column) => column.primaryKey().autoIncrement()];
  return {
    id,
    /** A reference to such an id, or an id from another system. */
    reference: (postgres ? 'bigint' : 'integer') as ColumnDataType,
    /** ISO 8601, UTC, milliseconds. */
    timestamp: postgres ? sql`timestamptz(3)` : ('text' as ColumnDataType),
  };
}

export function isPostgres(db: Pick<Kysely<never>, 'getExecutor'>): boolean {
  return db.getExecutor().adapter instanceof PostgresAdapter;
}
