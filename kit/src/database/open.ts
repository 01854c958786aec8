import { Kysely, sql } from 'kysely';
import { StartError } from '../errors.ts';
import { isUnavailable } from './faults.ts';
import { createGroupCommit, type GroupWrite } from './group-commit.ts';
import { migrate } from './migrate.ts';
import { postgresDialect } from './postgres.ts';
import { sqliteDialect } from './sqlite.ts';

export type Database<DB> = {
  /** For reads, outside any transaction. */
  db: Kysely<DB>;
  /** For every write: group commit. */
  write: GroupWrite<DB>;
  /** @throws when the database does not answer. */
  check(): Promise<void>;
  close(): Promise<void>;
};

export type DatabaseOptions = {
  /** A file path, `sqlite:PATH` or `postgres://…`. */
  url: string;
  /** The schema that the service keeps to on PostgreSQL. */
  schema: string;
  /** The folder of numbered migrations, `0001-name.ts`. */
  migrations: string;
  onError: (error: Error) => void;
};

/**
 * Opens and migrates a service's database.
 * @throws StartError when it cannot be opened or belongs to a newer program.
 */
export async function openDatabase<DB>({ url, schema, migrations, onError }: DatabaseOptions): Promise<Database<DB>> {
  const postgres = isPostgresUrl(url);
  const connect = (limited: boolean) =>
    new Kysely<DB>({
      dialect: postgres ? postgresDialect({ url, schema, limited, onError }) : sqliteDialect(sqlitePath(url), limited),
    });
  try {
    await using migrating = connect(false);
    await migrate(migrating, migrations, postgres ? schema : undefined);
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

export function isPostgresUrl(url: string): boolean {
  return /^postgres(ql)?:\/\//.test(url);
}

export function sqlitePath(url: string): string {
  return url.replace(/^sqlite:(\/\/(?=\/))?/, '');
}

/** What keeps a database from being used, as a sentence for who starts the service; what is no such thing stays as it is. */
export function startErrorOf(error: unknown, schema: string): unknown {
  if ((error as { code?: unknown }).code === 'ERR_INVALID_URL') {
    return new StartError(
      `The address of the database for ${schema} cannot be understood; encode what is special in it.`,
    );
  }
  if (!isUnavailable(error) && !isRefused(error)) return error;
  const { message, code } = error as Error & { code?: string };
  return new StartError(`The database for ${schema} cannot be used: ${message || code || 'no connection'}.`);
}

/** Wrong password, unknown role or database, a right that is missing: classes 28 and 3D, code 42501. */
function isRefused(error: unknown): boolean {
  return /^(28|3D|42501)/.test(String((error as { code?: unknown }).code));
}
