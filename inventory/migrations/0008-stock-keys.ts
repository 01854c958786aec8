import { columnTypes, isPostgres } from '@doorstep/kit/database/columns.ts';
import { type Kysely, sql } from 'kysely';

/** A key may belong to any change of the stock, not only to a package. Low stock is listed by activity. */
export async function up(db: Kysely<never>): Promise<void> {
  await (isPostgres(db) ? widenKeys(db) : rebuildKeys(db));
  await sql`drop index items_low`.execute(db);
  await sql`create index items_low on items (is_active, id) where quantity <= min_quantity`.execute(db);
}

async function widenKeys(db: Kysely<never>): Promise<void> {
  await sql`alter table idempotency_keys alter column package_id drop not null`.execute(db);
  await sql`alter table idempotency_keys add column answer text`.execute(db);
}

/** SQLite cannot make a column nullable. */
async function rebuildKeys(db: Kysely<never>): Promise<void> {
  await db.schema
    .createTable('idempotency_keys_anew')
    .addColumn('key', 'text', (column) => column.primaryKey())
    .addColumn('package_id', columnTypes(db).reference, (column) => column.references('packages.id'))
    .addColumn('fingerprint', 'text', (column) => column.notNull())
    .addColumn('answer', 'text')
    .execute();
  // in order, so that the index of a large table is written once
  await sql`insert into idempotency_keys_anew (key, package_id, fingerprint)
    select key, package_id, fingerprint from idempotency_keys order by key`.execute(db);
  await db.schema.dropTable('idempotency_keys').execute();
  await db.schema.alterTable('idempotency_keys_anew').renameTo('idempotency_keys').execute();
}
