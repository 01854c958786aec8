import { sql } from 'kysely';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { checkServer } from '../src/database/check-postgres.ts';
import { isUnavailable } from '../src/database/faults.ts';
import { openDatabase } from '../src/database/open.ts';
import { StartError } from '../src/errors.ts';
import { takeOwnerLock } from '../src/work/owner-lock.ts';
import { type FreshDatabase, freshDatabase } from './databases.ts';
import { writeMigrations } from './notes.ts';

const strange = {
  DateStyle: "'German, DMY'",
  TimeZone: "'Asia/Kolkata'",
  IntervalStyle: "'sql_standard'",
  bytea_output: "'escape'",
  extra_float_digits: '-10',
  standard_conforming_strings: 'off',
  default_transaction_isolation: "'serializable'",
  default_transaction_deferrable: 'on',
  client_encoding: "'LATIN1'",
  search_path: 'elsewhere, public',
  statement_timeout: '1',
};

async function onDatabase({ url }: FreshDatabase, statement: string): Promise<void> {
  const client = new pg.Client(url).on('error', () => undefined);
  await client.connect();
  await client.query(statement);
  await client.end();
}

const nameOf = ({ url }: FreshDatabase) => new URL(url).pathname.slice(1);

const thingsMigration = {
  '0001-things': `
  const { id, timestamp } = columnTypes(db);
  await db.schema.createTable('things').addColumn('id', ...id).addColumn('at', timestamp)
    .addColumn('name', 'text').addColumn('part', 'double precision').addColumn('bytes', 'bytea').execute();`,
};

type Things = { things: { id: number; at: string; name: string; part: number; bytes: Buffer } };

const open = async (fresh: FreshDatabase, url = fresh.url) =>
  openDatabase<Things>({
    url,
    schema: 'things',
    migrations: await writeMigrations(fresh.dataDir, thingsMigration),
    onError: () => undefined,
  });

/** A database whose sessions differ in everything that a server, a role or a database may set. */
async function aStrangeDatabase(): Promise<FreshDatabase> {
  const fresh = await freshDatabase('postgres', { isEmpty: true });
  const settings = Object.entries(strange).map(([name, value]) => `set ${name} = ${value}`);
  await onDatabase(
    fresh,
    ['create schema elsewhere', ...settings.map((set) => `alter database ${nameOf(fresh)} ${set}`)].join(';'),
  );
  return fresh;
}

describe('on a server with other defaults, a database', () => {
  it('keeps and returns the same values', async () => {
    await using fresh = await aStrangeDatabase();
    const { db, close } = await open(fresh);
    const thing = {
      at: '2026-03-02T23:59:59.123Z',
      name: 'Łódź \\ 🎁',
      part: 0.1 + 0.2,
      bytes: Buffer.from([0, 92, 255]),
    };
    await db
      .insertInto('things')
      .values(thing as never)
      .execute();
    await sql`insert into things (at, name) values ('2026-03-02T23:59:59.123Z', ${sql.lit('a\\b')})`.execute(db);

    const rows = await db.selectFrom('things').selectAll().orderBy('id').execute();
    await close();

    expect(rows).toEqual([
      { id: 1, ...thing },
      { id: 2, at: thing.at, name: 'a\\b', part: null, bytes: null },
    ]);
  });

  it('is used with the same session, also by the owner of its lock', async () => {
    await using fresh = await aStrangeDatabase();
    const { db, close } = await open(fresh);
    const { rows } = await sql<{ name: string; setting: string }>`select name, setting from pg_settings
      where name in (${sql.join(Object.keys(strange))})`.execute(db);
    await close();
    const lock = await takeOwnerLock(fresh.url, 'things', { refusal: 'Held' });
    const second = takeOwnerLock(fresh.url, 'things', { refusal: 'Held' });

    await expect(second).rejects.toThrow(/^Held: process .*, since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d.*\+00\.$/);
    await lock.release();
    expect(Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))).toEqual({
      DateStyle: 'ISO, MDY',
      TimeZone: 'UTC',
      IntervalStyle: 'postgres',
      bytea_output: 'hex',
      extra_float_digits: '1',
      standard_conforming_strings: 'on',
      default_transaction_isolation: 'read committed',
      default_transaction_deferrable: 'off',
      client_encoding: 'UTF8',
      search_path: 'things',
      statement_timeout: '10000',
    });
  });

  it('keeps its tables in the schema of the service', async () => {
    await using fresh = await aStrangeDatabase();
    const { db, close } = await open(fresh);
    const { rows } = await sql`select table_schema, count(*) from information_schema.tables
      where table_name in ('things', 'kysely_migration') group by 1`.execute(db);
    await close();

    expect(rows).toEqual([{ table_schema: 'things', count: 2 }]);
  });
});

describe('a PostgreSQL database is refused in one sentence', () => {
  const refusal = async (fresh: FreshDatabase, url?: string) => {
    const error = await open(fresh, url).then(
      ({ close }) => close(),
      (reason) => reason,
    );
    expect(error).toBeInstanceOf(StartError);
    return (error as Error).message;
  };

  it('if it cannot hold every name', async () => {
    await using fresh = await freshDatabase('postgres', { isEmpty: true });
    const name = `${nameOf(fresh)}_latin1`;
    await onDatabase(fresh, `create database ${name} encoding 'LATIN1' lc_collate 'C' lc_ctype 'C' template template0`);
    const url = Object.assign(new URL(fresh.url), { pathname: name }).href;

    expect(await refusal(fresh, url)).toBe(
      'The database for things is encoded in LATIN1, which cannot hold every name; create it in UTF8: createdb --encoding UTF8 --template template0 NAME.',
    );
    await onDatabase(fresh, `drop database ${name} with (force)`);
  });

  it('if it takes no writes', async () => {
    await using fresh = await freshDatabase('postgres', { isEmpty: true });
    await onDatabase(fresh, `alter database ${nameOf(fresh)} set default_transaction_read_only = on`);

    expect(await refusal(fresh)).toMatch(
      /^The database for things is read-only: .* name the server that takes writes\.$/,
    );
  });

  it('if it does not get the options of the connection, as behind a pooler', async () => {
    await using fresh = await aStrangeDatabase();
    const { db, close } = await open(fresh);
    const checked = db.connection().execute(async (one) => {
      await sql`set TimeZone = 'Asia/Kolkata'`.execute(one);
      await checkServer(one, 'things');
    });

    await expect(checked).rejects.toThrow(
      'The database for things ignores the connection options of this service (search_path is things, TimeZone Asia/Kolkata, DateStyle ISO, MDY), as a connection pooler may; connect to the server itself.',
    );
    await close();
  });

  it('if another schema would be used', async () => {
    await using fresh = await freshDatabase('postgres', { isEmpty: true });
    const { close } = await open(fresh);
    await close();
    const role = `reader_${crypto.randomUUID().replaceAll('-', '')}`;
    await onDatabase(
      fresh,
      `create role ${role} login password 'secret'; grant create on database ${nameOf(fresh)} to ${role}`,
    );
    const url = Object.assign(new URL(fresh.url), { username: role, password: 'secret' }).href;

    expect(await refusal(fresh, url)).toMatch(/^The database for things .*schema things\.$/);
    await onDatabase(fresh, `drop owned by ${role}; drop role ${role}`);
  });
});

it('a connection to a server that takes no writes any more is replaced', async () => {
  await using fresh = await freshDatabase('postgres', { isEmpty: true });
  const { db, close } = await open(fresh);
  const insert = () =>
    db
      .insertInto('things')
      .values({ name: 'a' } as never)
      .execute();
  await insert();
  await sql`set session characteristics as transaction read only`.execute(db);

  const error = await insert().catch((reason) => reason);
  expect([error.code, isUnavailable(error)]).toEqual(['25006', true]);
  await insert();
  await close();
});
