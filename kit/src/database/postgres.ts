import { PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely';
import pg from 'pg';

const int8 = 20;
const timestamptz = 1184;

/** Returns the same types as SQLite: numbers for bigint (ids stay far below 2^53) and ISO 8601 for times. */
const types = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === int8) return Number;
    if (oid === timestamptz) return (text: string) => new Date(text).toISOString();
    return pg.types.getTypeParser(oid, format as 'text');
  },
};

const statementTimeoutMs = 10_000;

/**
 * Limits on a statement, and on a lock that a frozen process holds. The client enforces the last limit itself, because
 * a silent server or network never ends a query.
 */
const timeouts = {
  statement_timeout: statementTimeoutMs,
  lock_timeout: statementTimeoutMs,
  idle_in_transaction_session_timeout: statementTimeoutMs,
  query_timeout: statementTimeoutMs + 2_000,
};

/** Connection settings that restrict a service to its own schema of a shared database. */
export function postgresSettings(url: string, schema: string, applicationName: string): pg.ClientConfig {
  const address = new URL(url);
  // the address may set other options, but not another schema
  const options = [address.searchParams.get('options'), `-c search_path=${schema}`].filter(Boolean).join(' ');
  address.searchParams.delete('options');
  return {
    connectionString: address.href,
    options,
    application_name: applicationName,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
  };
}

type PoolOptions = {
  url: string;
  schema: string;
  /** False for migrations, which may take long. */
  limited: boolean;
  onError: (error: Error) => void;
};

export function postgresDialect({ url, schema, limited, onError }: PoolOptions): PostgresDialect {
  const pool = new pg.Pool({
    ...postgresSettings(url, schema, `doorstep-${schema}`),
    ...(limited && timeouts),
    types: types as pg.CustomTypesConfig,
    max: 10,
  });
  // The pool replaces a broken connection at the next query. Without a listener, its error would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', onError));
  return new PostgresDialect({ pool: discarding(pool) });
}

/** A pool that discards a connection after one of its queries timed out. */
function discarding(pool: pg.Pool): PostgresPool {
  return {
    options: pool.options,
    end: () => pool.end(),
    async connect() {
      const client = await pool.connect();
      let silence: unknown;
      return {
        async query(...query: unknown[]) {
          if (silence) throw silence; // a rollback would time out too
          try {
            return await client.query(...(query as [string]));
          } catch (error) {
            if ((error as Error).message === 'Query read timeout') silence = error;
            throw error;
          }
        },
        release: () => client.release(silence !== undefined),
      } as unknown as PostgresPoolClient;
    },
  };
}
