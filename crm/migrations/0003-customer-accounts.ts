import { columnTypes, isPostgres } from '@doorstep/kit/database/columns.ts';
import { jsonTable } from '@doorstep/kit/database/json-table.ts';
import { type Kysely, sql } from 'kysely';

/** Customers can log in; an admin can change, delete, restore, sort and search them. */
export async function up(db: Kysely<never>): Promise<void> {
  if (isPostgres(db)) {
    await db.schema.alterTable('customers').dropConstraint('customers_email_key_key').execute();
    // SQLite's byte order, the same on every server whatever its locale
    await sql`alter table customers alter column email_key type text collate "C"`.execute(db);
  } else {
    await withoutUniqueEmail(db);
  }
  const { timestamp } = columnTypes(db);
  const add = (build: (table: AlterTable) => { execute(): Promise<void> }) =>
    build(db.schema.alterTable('customers')).execute();
  await add((table) => table.addColumn('password_hash', 'text'));
  // `version` counts every change of the row, `credentials_version` only the changes that invalidate issued tokens
  await add((table) => table.addColumn('version', 'integer', (column) => column.notNull().defaultTo(1)));
  await add((table) => table.addColumn('credentials_version', 'integer', (column) => column.notNull().defaultTo(1)));
  await add((table) => table.addColumn('deleted_at', timestamp));
  // name and email in lower case, for searching; the program folds them, because the two databases fold differently
  const bytewise = isPostgres(db) ? sql`text collate "C"` : sql`text`;
  await add((table) => table.addColumn('search_key', bytewise, (column) => column.notNull().defaultTo('')));
  await fillSearchKeys(db as unknown as Kysely<Customers>);
  await sql`create unique index customers_email_key on customers (email_key) where deleted_at is null`.execute(db);
  // the indexes hold every column that a list sorts and filters by, so that a page reads only the rows it shows
  await sql`create index customers_by_id on customers (id) where deleted_at is null`.execute(db);
  await sql`create index customers_by_name on customers (search_key, id, deleted_at)`.execute(db);
  await sql`create index customers_by_created_at on customers (created_at, id, deleted_at)`.execute(db);
  await db.schema
    .alterTable('admins')
    .addColumn('credentials_version', 'integer', (column) => column.notNull().defaultTo(1))
    .execute();
}

type AlterTable = ReturnType<Kysely<never>['schema']['alterTable']>;

/** SQLite cannot drop a constraint, so this rebuilds the table. It keeps the ids and the next id to assign. */
async function withoutUniqueEmail(db: Kysely<never>): Promise<void> {
  const { id, timestamp } = columnTypes(db);
  await db.schema
    .createTable('customers_anew')
    .addColumn('id', ...id)
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('email', 'text', (column) => column.notNull())
    .addColumn('email_key', 'text', (column) => column.notNull())
    .addColumn('created_at', timestamp, (column) => column.notNull())
    .addColumn('integration_state', 'text', (column) => column.notNull())
    .addColumn('package_id', 'text')
    .addColumn('integration_attempts', 'integer', (column) => column.notNull())
    .addColumn('integration_error', 'text')
    .addColumn('integration_updated_at', timestamp, (column) => column.notNull())
    .execute();
  await sql`insert into customers_anew select * from customers`.execute(db);
  // ids are never reused, not even those of deleted rows
  await sql`delete from sqlite_sequence where name = 'customers_anew'`.execute(db);
  await sql`update sqlite_sequence set name = 'customers_anew' where name = 'customers'`.execute(db);
  await db.schema.dropTable('customers').execute();
  await db.schema.alterTable('customers_anew').renameTo('customers').execute();
}

type Customers = { customers: { id: number; name: string; email_key: string } };

async function fillSearchKeys(db: Kysely<Customers>): Promise<void> {
  for (let after = 0; ; ) {
    const rows = await db
      .selectFrom('customers')
      .select(['id', 'name', 'email_key'])
      .where('id', '>', after)
      .orderBy('id')
      .limit(1000)
      .execute();
    const last = rows.at(-1);
    if (!last) return;
    const keys = rows.map(({ id, name, email_key }) => {
      return { id, key: `${name.normalize('NFC').toLowerCase()}\n${email_key}`.replaceAll('ς', 'σ') };
    });
    const table = jsonTable(db as never, keys, { id: 'bigint', key: 'text' });
    await sql`update customers set search_key = keys.key from ${table} as keys where keys.id = customers.id`.execute(
      db,
    );
    after = last.id;
  }
}
