import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';

/** Queries one of the three databases with plain SQL, so that no code under test takes part in the proof. */
export type Read = <Row>(schema: 'crm' | 'inventory' | 'middleware', sql: string) => Promise<Row[]>;

export function readSqlite(folder: string): Read {
  return async <Row>(schema: string, sql: string) => {
    const database = new DatabaseSync(join(folder, schema, `${schema}.db`), { timeout: 10_000 });
    try {
      return database.prepare(sql).all() as Row[];
    } finally {
      database.close();
    }
  };
}

const int8 = 20;

/** PostgreSQL may be frozen, and a long run leaves many rows to read. */
const timeoutMs = 60_000;

export function readPostgres(url: string): Read {
  const types = {
    getTypeParser: (oid: number, format?: 'text' | 'binary') =>
      oid === int8 ? Number : pg.types.getTypeParser(oid, format as 'text'),
  };
  return async <Row>(schema: string, sql: string) => {
    const client = new pg.Client({
      connectionString: url,
      options: `-c search_path=${schema}`,
      types: types as pg.CustomTypesConfig,
      connectionTimeoutMillis: timeoutMs,
      query_timeout: timeoutMs,
    });
    await client.connect();
    try {
      return (await client.query(sql)).rows as Row[];
    } finally {
      await client.end();
    }
  };
}
