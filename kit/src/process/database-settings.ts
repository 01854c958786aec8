import { join } from 'node:path';
import { z } from 'zod';
import { isPostgresUrl, parsePostgresUrl } from '../database/postgres-address.ts';
import { StartError } from '../errors.ts';
import { type Environment, integer, optionalText, readSettings } from './settings.ts';

const noMysql = 'Doorstep keeps its data in SQLite or PostgreSQL; MySQL is not supported';
const mysqlPort = 3306;

const databaseUrl = z
  .string()
  .refine((url) => isPostgres(url) || /^sqlite:.+/.test(url) || !/^[a-z][a-z+.-]+:/i.test(url))
  .optional()
  .meta({ takes: 'a file path, sqlite:PATH or postgres://user:password@host:port/database', secret: true });

function isPostgres(url: string): boolean {
  try {
    return isPostgresUrl(url) && parsePostgresUrl(url).protocol !== '';
  } catch {
    return false;
  }
}

/**
 * The address of the database: DATABASE_URL, or else PostgreSQL in parts, or else a SQLite file.
 * @throws StartError that names the invalid variable.
 */
export function readDatabaseUrl(service: string, dataDir: string, environment: Environment): string {
  const given = environment['DATABASE_URL'] || undefined;
  if (given && /^(mysql|mariadb)[\w+]*:/i.test(given)) throw new StartError(`DATABASE_URL names MySQL: ${noMysql}.`);
  const { DATABASE_URL: url } = readSettings({ DATABASE_URL: databaseUrl }, environment);
  if (url && isPostgres(url)) refuseMysqlPort('The port in DATABASE_URL', Number(parsePostgresUrl(url).port));
  const parts = readParts(environment, url === undefined);
  const { SQLITE_FILE: file } = readSettings({ SQLITE_FILE: optionalText(/./, 'a file path') }, environment);
  return url ?? parts ?? file ?? join(dataDir, `${service}.db`);
}

/** Nothing is wrong with parts that are not used. */
function readParts(environment: Environment, areUsed: boolean): string | undefined {
  const given = (name: string) => environment[name] || undefined;
  const [host, user, password, database] = ['DB_HOST', 'DB_USER', 'DB_PASSWORD', 'DB_NAME'].map(given);
  const { DB_PORT: port } = readSettings(
    { DB_PORT: integer({ min: 1, max: 65_535, default: 5432 }) },
    areUsed ? environment : {},
  );
  if (!areUsed || (!host && !user && !password && !database)) return undefined;
  if (!host) throw new StartError('DB_HOST is not set; with the other DB_ variables it takes the host of PostgreSQL.');
  refuseMysqlPort('DB_PORT', port);
  if (!user) throw new StartError('DB_USER is not set; with DB_HOST it takes the user of the database.');
  if (!database) throw new StartError('DB_NAME is not set; with DB_HOST it takes the name of the database.');
  const credentials = [user, password ?? ''].map(encodeURIComponent).join(':');
  const url = new URL(`postgres://${credentials}@localhost:${port}/${encodeURIComponent(database)}`);
  url.searchParams.set('host', host.replace(/^\[(.*)\]$/, '$1'));
  return url.href;
}

function refuseMysqlPort(what: string, port: number): void {
  if (port === mysqlPort) throw new StartError(`${what} is ${mysqlPort}: ${noMysql}.`);
}
