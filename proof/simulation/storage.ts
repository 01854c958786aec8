import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createGroupCommit, type GroupWrite } from '@doorstep/kit/database/group-commit.ts';
import { migrate } from '@doorstep/kit/database/migrate.ts';
import { sqliteDatabase } from '@doorstep/kit/database/sqlite.ts';
import type { LedgerDatabase } from '@doorstep/middleware/src/db/schema.ts';
import { CompiledQuery, type DatabaseConnection, type Driver, Kysely, SqliteDialect } from 'kysely';

/** The error that a statement throws before or after it runs, if any. */
export type StatementFault = { before?: Error; after?: Error };

export type Disk = {
  /** Shows what the daemon has written, committed or not. */
  database: DatabaseSync;
  /** Whether a claim on this customer's delivery is committed. */
  isClaimed(id: number): boolean;
  /** Deletes all rows. */
  wipe(): void;
  /** Rolls back what a dead process had not committed. */
  recover(): void;
  open(hooks: StatementHooks): { db: Kysely<LedgerDatabase>; write: GroupWrite<LedgerDatabase> };
};

/** Called around each statement. */
type StatementHooks = {
  /** Resolves when it is the statement's turn. */
  turn(sql: string): Promise<void>;
  isAlive(): boolean;
  faultOf(sql: string): StatementFault;
};

/** A real in-memory SQLite that outlives the simulated processes and whose statements are asynchronous. */
export async function createDisk(): Promise<Disk> {
  const database = new DatabaseSync(':memory:');
  const dialect = new SqliteDialect({ database: sqliteDatabase(database) });
  const folder = join(import.meta.dirname, '../../middleware/migrations');
  await migrate(new Kysely<LedgerDatabase>({ dialect }), { folder, schema: undefined });
  const tables = database
    .prepare("select name from sqlite_master where type = 'table' and name not like 'kysely%'")
    .all()
    .map(({ name }) => name as string)
    // referencing rows are deleted first
    .sort((a, b) => Number(b === 'attempts') - Number(a === 'attempts'));

  const claims = database.prepare('select customer_id from deliveries where claimed_at is not null');
  let claimed = new Set<unknown>();

  return {
    database,
    isClaimed: (id) => claimed.has(id),
    wipe() {
      database.exec(tables.map((table) => `delete from ${table};`).join(''));
      claimed = new Set();
    },
    recover() {
      if (database.isTransaction) database.exec('rollback');
    },
    open({ turn, isAlive, faultOf }) {
      const inner = dialect.createDriver();
      const wrap = (connection: DatabaseConnection): DatabaseConnection => ({
        streamQuery: () => {
          throw new Error('the ledger never streams');
        },
        async executeQuery<Row>(query: CompiledQuery) {
          await turn(query.sql);
          // concurrent work may have killed the daemon meanwhile
          if (!isAlive()) return new Promise(() => undefined);
          const { before, after } = faultOf(query.sql);
          if (before) throw before;
          const result = await connection.executeQuery<Row>(query);
          if (query.sql === 'commit') claimed = new Set(claims.all().map(({ customer_id }) => customer_id));
          if (after) throw after;
          return result;
        },
      });
      const run = (sql: string) => async (connection: DatabaseConnection) => {
        await connection.executeQuery(CompiledQuery.raw(sql));
      };
      const driver: Driver = {
        init: () => inner.init(),
        acquireConnection: async () => wrap(await inner.acquireConnection()),
        beginTransaction: run('begin'),
        commitTransaction: run('commit'),
        rollbackTransaction: run('rollback'),
        releaseConnection: async () => undefined,
        destroy: async () => undefined,
      };
      const db = new Kysely<LedgerDatabase>({
        dialect: {
          createAdapter: () => dialect.createAdapter(),
          createQueryCompiler: () => dialect.createQueryCompiler(),
          createIntrospector: (own) => dialect.createIntrospector(own),
          createDriver: () => driver,
        },
      });
      return { db, write: createGroupCommit(db).write };
    },
  };
}
