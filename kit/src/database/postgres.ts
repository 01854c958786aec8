import { PostgresDialect } from 'kysely';
import pg from 'pg';

const int8 = 20;
const timestamptz = 1184;

/** What PostgreSQL hands out: numbers for bigint (ids stay far below 2^53) and ISO 8601 for times, as SQLite has them. */
const types = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === int8) return Number;
    if (oid === timestamptz) return (text: string) => new Date(text).toISOString();
    return pg.types.getTypeParser(oid, format as 'text');
  },
};

/** Connection settings that keep a service to its own schema of a database it shares. */
export function postgresSettings(url: string, schema: string, applicationName: string): pg.ClientConfig {
  return {
    connectionString: url,
    options: `-c search_path=${schema}`,
    application_name: applicationName,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
  };
}

export function postgresDialect(url: string, schema: string, onError: (error: Error) => void): PostgresDialect {
  const settings = postgresSettings(url, schema, `doorstep-${schema}`);
  const pool = new pg.Pool({ ...settings, types: types as pg.CustomTypesConfig, max: 10 });
  // A connection that breaks, idle or in use, is replaced at the next query; unheard, its error would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', onError));
  return new PostgresDialect({ pool });
}
