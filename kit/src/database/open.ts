import { Kysely, sql } from 'kysely';
import { StartError } from '../errors.ts';
import { checkSchema, checkServer } from './check-postgres.ts';
import { isTlsFault, isUnavailable } from './faults.ts';
import { createGroupCommit, type GroupWrite } from './group-commit.ts';
import { migrate } from './migrate.ts';
import { postgresDialect } from './postgres.ts';
import { isPostgresUrl, settleTls } from './postgres-address.ts';
import { refuseForeignTables } from './refuse-foreign-tables.ts';
import { sqliteDialect } from './sqlite.ts';

export type Database<DB> = {
  db: Kysely<DB>;
  /** For every write, by group commit. */
  write: GroupWrite<DB>;
  /** @throws if the database does not answer. */
  check(): Promise<void>;
  close(): Promise<void>;
};

export type DatabaseOptions = {
  /** A file path, `sqlite:PATH` or `postgres://…`. */
  url: string;
  schema: string;
  /** The folder of numbered migrations, `0001-name.ts`. */
  migrations: string;
  onError: (error: Error) => void;
};

/**
 * Opens and migrates a service's database.
 * @throws StartError if the database cannot be opened, was migrated by a newer version, or is another program's.
 */
export async function openDatabase<DB>(options: DatabaseOptions): Promise<Database<DB>> {
  const { schema, migrations, onError } = options;
  const postgres = isPostgresUrl(options.url);
  const url = postgres ? await settleTls(options.url) : options.url;
  const connect = (limited: boolean) =>
    new Kysely<DB>({
      dialect: postgres ? postgresDialect({ url, schema, limited, onError }) : sqliteDialect(sqlitePath(url), limited),
    });
  try {
    await using migrating = connect(false);
    if (postgres) await checkServer(migrating, schema);
    await refuseForeignTables(migrating, schema);
    await migrate(migrating, migrations, postgres ? schema : undefined);
    if (postgres) await checkSchema(migrating, schema);
  } catch (error) {
    throw startErrorOf(error, schema);
  }
  const db = connect(true);
  const { write, drain } = createGroupCommit(db);
  return {
    db,
    write,
    check: async () => {
      await sql`select 1`.execute(db);
    },
    close: async () => {
      await drain();
      await db.destroy();
    },
  };
}

export function sqlitePath(url: string): string {
  return url.replace(/^sqlite:(\/\/(?=\/))?/, '');
}

/** Turns a database start-up failure into a StartError; returns any other error unchanged. */
export function startErrorOf(error: unknown, schema: string): unknown {
  if (!isUnavailable(error) && !isRefused(error)) return error;
  const { message, code } = error as Error & { code?: string };
  const reason = isTlsFault(error)
    ? // Node adds advice of its own
      `${message.split(';', 1)[0]}; sslmode in its address says whether to encrypt and what to check`
    : message || code || 'no connection';
  return new StartError(`The database for ${schema} cannot be used: ${reason}.`);
}

/** Wrong password, unknown role or database, insufficient privilege: classes 28 and 3D, code 42501. */
function isRefused(error: unknown): boolean {
  return /^(28|3D|42501)/.test(String((error as { code?: unknown }).code));
}
