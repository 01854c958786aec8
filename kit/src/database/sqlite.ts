import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { SqliteAdapter, type SqliteDatabase, SqliteDialect } from 'kysely';
import { StartError } from '../errors.ts';
import { makePrivateFile, makePrivateFolder } from '../files/private-files.ts';

// Kysely's dialect expects better-sqlite3, a native addon; this adapts the SQLite that Node brings along.

const sqliteBusy = 5;
const migrationPatienceMs = 5_000;
/** Waiting stops the event loop, so a write that meets another process's is tried again by the group commit instead. */
const writePatienceMs = 50;
/** Kysely asks for the same few dozen statements again and again. */
const statementsMax = 500;

/** SQLite does DDL inside transactions, so a migration that is killed half-way leaves nothing behind. */
class TransactionalDdlAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl() {
    return true;
  }
}

class NodeSqliteDialect extends SqliteDialect {
  override createAdapter() {
    return new TransactionalDdlAdapter();
  }
}

/**
 * Opens a database file, made if missing, with its folder.
 * @throws StartError when the file cannot be opened.
 */
function openSqliteFile(path: string, limited: boolean): DatabaseSync {
  try {
    makePrivateFolder(dirname(path));
    makePrivateFile(path);
    // a migration may rebuild a table that others refer to: https://www.sqlite.org/lang_altertable.html#otheralter
    const options = { timeout: migrationPatienceMs, enableForeignKeyConstraints: limited };
    const database = new DatabaseSync(path, options);
    useWal(database);
    database.exec('pragma synchronous = full');
    // macOS: a plain fsync leaves the data in the drive's cache, where a power cut loses it; without effect elsewhere
    database.exec('pragma fullfsync = 1; pragma checkpoint_fullfsync = 1');
    if (limited) database.exec(`pragma busy_timeout = ${writePatienceMs}`);
    return database;
  } catch (error) {
    throw new StartError(`The database file ${path} cannot be opened: ${(error as Error).message}.`);
  }
}

/** A change of the journal mode does not wait for another process that is opening the file: it fails at once. */
function useWal(database: DatabaseSync): void {
  const deadline = performance.now() + migrationPatienceMs;
  for (;;) {
    try {
      database.exec('pragma journal_mode = wal');
      return;
    } catch (error) {
      if ((error as { errcode?: number }).errcode !== sqliteBusy || performance.now() > deadline) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
}

/** `limited` is off for migrations, which wait for another process's and check no foreign keys. */
export function sqliteDialect(path: string, limited: boolean): SqliteDialect {
  return new NodeSqliteDialect({ database: sqliteDatabase(openSqliteFile(path, limited)) });
}

/** Node's own SQLite, as Kysely wants it. */
export function sqliteDatabase(database: DatabaseSync): SqliteDatabase {
  const statements = new Map<string, StatementSync>();
  const prepared = (sql: string) => {
    let statement = statements.get(sql);
    if (!statement) {
      statement = database.prepare(sql);
      if (statements.size < statementsMax) statements.set(sql, statement);
    }
    return statement;
  };
  return {
    close: () => database.close(),
    prepare(sql) {
      // A full disk ends the transaction by itself; a second rollback would hide the reason behind its own error.
      if (sql === 'rollback' && !database.isTransaction) sql = 'select 1';
      // A deferred transaction that starts with a read cannot wait for another process's write: it fails at once.
      const statement = prepared(sql === 'begin' ? 'begin immediate' : sql);
      return {
        reader: statement.columns().length > 0,
        all: (parameters) => statement.all(...(parameters as SQLInputValue[])),
        run: (parameters) => statement.run(...(parameters as SQLInputValue[])),
        iterate: (parameters) => database.prepare(sql).iterate(...(parameters as SQLInputValue[])),
      };
    },
  };
}
