import { columnTypes, isPostgres } from '@doorstep/kit/database/columns.ts';
import { type Kysely, sql } from 'kysely';

/** The ids of customers come from other systems and may be texts. Numbers are kept as their digits. */
export async function up(db: Kysely<never>): Promise<void> {
  if (isPostgres(db)) {
    // bytewise, as SQLite compares, whatever the locale of the server
    for (const table of ['packages', 'items'])
      await sql`alter table ${sql.table(table)} alter column customer_id type text collate "C"
        using customer_id::text`.execute(db);
    return;
  }
  await rebuildPackages(db);
  await sql`drop index items_by_customer_id`.execute(db);
  await sql`alter table items rename column customer_id to older_customer_id`.execute(db);
  await sql`alter table items add column customer_id text`.execute(db);
  await sql`update items set customer_id = cast(older_customer_id as text)
    where older_customer_id is not null`.execute(db);
  await sql`alter table items drop column older_customer_id`.execute(db);
  await db.schema.createIndex('items_by_customer_id').on('items').columns(['customer_id', 'id']).execute();
}

/** SQLite cannot change the type of a column with a constraint. This keeps the ids and the next id to assign. */
async function rebuildPackages(db: Kysely<never>): Promise<void> {
  const { id, timestamp } = columnTypes(db);
  await db.schema
    .createTable('packages_anew')
    .addColumn('id', ...id)
    .addColumn('customer_id', 'text', (column) => column.notNull())
    .addColumn('customer_name', 'text')
    .addColumn('package_type', 'text', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('created_at', timestamp, (column) => column.notNull())
    .addUniqueConstraint('one_package_per_customer_and_type', ['customer_id', 'package_type'])
    .execute();
  await sql`insert into packages_anew
    select id, cast(customer_id as text), customer_name, package_type, status, created_at from packages`.execute(db);
  await sql`delete from sqlite_sequence where name = 'packages_anew'`.execute(db);
  await sql`update sqlite_sequence set name = 'packages_anew' where name = 'packages'`.execute(db);
  await db.schema.dropTable('packages').execute();
  await db.schema.alterTable('packages_anew').renameTo('packages').execute();
  await db.schema.createIndex('packages_by_status').on('packages').columns(['status', 'id']).execute();
  await sql`create index packages_backordered on packages (package_type, id) where status = 'backordered'`.execute(db);
}
