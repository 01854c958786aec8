import { columnTypes } from '@doorstep/kit/database/columns.ts';
import type { Kysely } from 'kysely';

/** Deleting a row sets the references to it to null; the rows that referred to it stay. */
export async function up(db: Kysely<never>): Promise<void> {
  const { id, reference, timestamp } = columnTypes(db);
  await db.schema
    .createTable('leads')
    .addColumn('id', ...id)
    .addColumn('email', 'text', (column) => column.notNull())
    .addColumn('name', 'text')
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('created_at', timestamp, (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('actions')
    .addColumn('id', ...id)
    .addColumn('lead_id', reference, (column) => column.references('leads.id').onDelete('set null'))
    .addColumn('action_type', 'text', (column) => column.notNull())
    .addColumn('details', 'text')
    .addColumn('created_at', timestamp, (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('processes')
    .addColumn('id', ...id)
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('lead_id', reference, (column) => column.references('leads.id').onDelete('set null'))
    .addColumn('channel', 'text')
    .addColumn('last_action_id', reference, (column) => column.references('actions.id').onDelete('set null'))
    // "YYYY-MM-DD HH:MM:SS" in UTC, as the API shows it
    .addColumn('next_followup_datetime', 'text')
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('created_at', timestamp, (column) => column.notNull())
    .execute();
  for (const [table, column] of [
    ['leads', 'status'],
    ['actions', 'lead_id'],
    ['processes', 'lead_id'],
    ['processes', 'last_action_id'],
    ['processes', 'status'],
  ] as const) {
    await db.schema.createIndex(`${table}_by_${column}`).on(table).columns([column, 'id']).execute();
  }
}
