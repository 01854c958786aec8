import { PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely';
import pg from 'pg';
import { readPostgresAddress } from './postgres-address.ts';

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

/**
 * What a server, a role or a database may set otherwise, and what queries or the texts of their results depend on. pg
 * itself always sets client_encoding.
 */
const session: Record<string, string> = {
  DateStyle: 'ISO,MDY',
  TimeZone: 'UTC',
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  extra_float_digits: '1',
  standard_conforming_strings: 'on',
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
};

/** A migration has no limits, those of its role neither. */
const noTimeouts = { statement_timeout: '0', lock_timeout: '0', idle_in_transaction_session_timeout: '0' };

/** Connection settings that restrict a service to its own schema of a shared database, with the same session everywhere. */
export function postgresSettings(url: string, schema: string, applicationName: string): pg.ClientConfig {
  const { options, ...address } = readPostgresAddress(url);
  // the last one counts: the address may set limits and other options, but not another session
  const all = [toOptions(noTimeouts), options, toOptions({ ...session, search_path: schema })];
  return {
    ...address,
    options: all.filter(Boolean).join(' '),
    application_name: applicationName,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
  };
}

function toOptions(settings: Record<string, string>): string {
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value.replaceAll(' ', '\\ ')}`)
    .join(' ');
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

const readOnly = '25006';

/** A pool that discards a connection after one of its queries timed out, or to a server that takes no writes any more. */
function discarding(pool: pg.Pool): PostgresPool {
  return {
    options: pool.options,
    end: () => pool.end(),
    async connect() {
      const client = await pool.connect();
      let fault: unknown;
      return {
        async query(...query: unknown[]) {
          if (fault) throw fault; // a rollback would time out too
          try {
            return await client.query(...(query as [string]));
          } catch (error) {
            const { message, code } = error as Error & { code?: string };
            if (message === 'Query read timeout' || code === readOnly) fault = error;
            throw error;
          }
        },
        release: () => client.release(fault !== undefined),
      } as unknown as PostgresPoolClient;
    },
  };
}
