import { describe, expect, it } from 'vitest';
import { readPostgresAddress } from '../database/postgres-address.ts';
import { readDatabaseUrl } from './database-settings.ts';

const read = (environment: Record<string, string>) => readDatabaseUrl('crm', 'data', environment);
const parts = { DB_HOST: 'db.test', DB_USER: 'doorstep', DB_PASSWORD: 'hunter2', DB_NAME: 'shop' };
const noMysql = 'Doorstep keeps its data in SQLite or PostgreSQL; MySQL is not supported.';

describe('the address of the database', () => {
  it('is a SQLite file by default', () => {
    expect(read({})).toBe('data/crm.db');
    expect(read({ DATABASE_URL: '', DB_HOST: '', DB_PORT: '5432', SQLITE_FILE: '' })).toBe('data/crm.db');
    expect(read({ SQLITE_FILE: '/data/crm.db' })).toBe('/data/crm.db');
  });

  it.each(['x.db', 'sqlite:x.db', 'postgres://u:p@h:1/d', 'postgresql://u@/d?host=/run/postgresql', 'postgres:///d'])(
    'is DATABASE_URL, whatever else is set: %s',
    (url) => {
      expect(read({ ...parts, DB_PORT: 'odd', SQLITE_FILE: 'y.db', DATABASE_URL: url })).toBe(url);
    },
  );

  it.each([
    [{}, { host: 'db.test', port: 5432, user: 'doorstep', password: 'hunter2', database: 'shop' }],
    [
      { DB_PORT: '6543', SQLITE_FILE: 'x.db' },
      { host: 'db.test', port: 6543 },
    ],
    [{ DB_HOST: '/run/postgresql' }, { host: '/run/postgresql', port: 5432, ssl: false }],
    [{ DB_HOST: '::1' }, { host: '::1' }],
    [{ DB_HOST: '[::1]' }, { host: '::1' }],
    [{ DB_PASSWORD: '' }, { password: '' }],
    [{ DB_PASSWORD: ' #:/?@%[]&=+"\\\'%41 ü€' }, { password: ' #:/?@%[]&=+"\\\'%41 ü€' }],
    [
      { DB_USER: 'me@example.com', DB_NAME: 'a/b?c d%20#' },
      { user: 'me@example.com', database: 'a/b?c d%20#' },
    ],
  ])('is made of parts: %j', (change, address) => {
    expect(readPostgresAddress(read({ ...parts, ...change }))).toMatchObject(address);
  });

  it.each([
    ['postgres://u:50%off@db.test/shop', '50%off'],
    ['postgres://u:50%25off%20@db.test/shop', '50%off '],
    ['postgres://u:p w@db.test/shop', 'p w'],
    ['postgres://u:%ff@db.test/shop', '%ff'],
  ])('may hold a password in %s', (url, password) => {
    expect(readPostgresAddress(read({ DATABASE_URL: url }))).toMatchObject({ user: 'u', password, host: 'db.test' });
  });

  it.each([
    [{ ...parts, DB_HOST: '' }, 'DB_HOST is not set; with the other DB_ variables it takes the host of PostgreSQL.'],
    [{ ...parts, DB_USER: '' }, 'DB_USER is not set; with DB_HOST it takes the user of the database.'],
    [{ ...parts, DB_NAME: '' }, 'DB_NAME is not set; with DB_HOST it takes the name of the database.'],
    [{ ...parts, DB_PORT: '0' }, 'DB_PORT is "0"; it takes a whole number from 1 to 65535.'],
    [{ ...parts, DB_PORT: '3306' }, `DB_PORT is 3306: ${noMysql}`],
    [{ DATABASE_URL: 'mysql://root:hunter2@db/x' }, `DATABASE_URL names MySQL: ${noMysql}`],
    [{ DATABASE_URL: 'mysql+pymysql://root:hunter2@db/x' }, `DATABASE_URL names MySQL: ${noMysql}`],
    [{ DATABASE_URL: 'mariadb://root:hunter2@db/x' }, `DATABASE_URL names MySQL: ${noMysql}`],
    [{ DATABASE_URL: 'postgres://root:hunter2@db:3306/x' }, `The port in DATABASE_URL is 3306: ${noMysql}`],
    [{ DATABASE_URL: 'postgres://root:hunter2@db:port/x' }, /^DATABASE_URL holds an invalid value; it takes .*\.$/],
  ])('is refused in one sentence: %j', (environment, sentence) => {
    expect(() => read(environment as Record<string, string>)).toThrow(sentence);
    expect(() => read(environment as Record<string, string>)).not.toThrow('hunter2');
  });
});
