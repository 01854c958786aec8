import { type Kysely, sql } from 'kysely';
import { StartError } from '../errors.ts';
import { isPostgres } from './columns.ts';

const shownMax = 5;

/**
 * Refuses a database that already has tables, but was never migrated by Doorstep.
 * @throws StartError
 */
export async function refuseForeignTables<DB>(db: Kysely<DB>, schema: string): Promise<void> {
  const query = isPostgres(db)
    ? sql<{ name: string }>`select table_name as name from information_schema.tables
        where table_schema = ${schema} and table_type = 'BASE TABLE' order by 1`
    : sql<{ name: string }>`select name from sqlite_master
        where type = 'table' and name not like 'sqlite\\_%' escape '\\' order by 1`;
  const names = (await query.execute(db)).rows.map(({ name }) => name);
  if (names.length === 0 || names.includes('kysely_migration')) return;
  const shown = [...names.slice(0, shownMax), ...(names.length > shownMax ? ['…'] : [])].join(', ');
  throw new StartError(
    `The database for ${schema} has tables of another program (${shown}); set DATABASE_URL to a database of its own.`,
  );
}
