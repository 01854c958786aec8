import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { openDatabase } from '../src/database/open.ts';
import { StartError } from '../src/errors.ts';
import { freshDatabase } from './databases.ts';

const emptyFolder = await mkdtemp(join(tmpdir(), 'doorstep-no-migrations-'));
afterAll(() => rm(emptyFolder, { recursive: true }));
const password = 'hunter2-secret';

/** The error message of a failed open. */
async function refusalOf(url: string): Promise<string> {
  const error = await openDatabase({ url, schema: 'notes', migrations: emptyFolder, onError: () => undefined }).then(
    (database) => database.close().then(() => new Error('it was opened')),
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(StartError);
  expect(error.message).toMatch(/^[A-Z][^\n]*\.$/);
  expect(JSON.stringify([error.message, error])).not.toContain(password);
  return error.message;
}

function postgresUrl(change: Partial<Pick<URL, 'username' | 'password' | 'pathname' | 'port'>>): string {
  return Object.assign(new URL(inject('postgresUrl')), change).href;
}

describe('a PostgreSQL database that cannot be opened', () => {
  it('reports a wrong password without showing it', async () => {
    expect(await refusalOf(postgresUrl({ password }))).toBe(
      'The database for notes cannot be used: password authentication failed for user "postgres".',
    );
  });

  it('names a missing database', async () => {
    expect(await refusalOf(postgresUrl({ pathname: '/nowhere' }))).toContain('database "nowhere" does not exist');
  });

  it('names an address that refuses connections', async () => {
    const port = String(await closedPort());
    expect(await refusalOf(postgresUrl({ port, password }))).toContain(`ECONNREFUSED 127.0.0.1:${port}`);
  });

  it('is reported in one sentence if its address is not a valid URL', async () => {
    await refusalOf(`postgres://doorstep:${password}@localhost:port/doorstep`);
  });

  it('reports a missing privilege', async () => {
    await using fresh = await freshDatabase('postgres');
    await using role = await aRoleWithoutRights();
    const url = Object.assign(new URL(fresh.url), { username: role.name, password });
    expect(await refusalOf(url.href)).toContain('permission denied for database');
  });
});

describe('a PostgreSQL address', () => {
  it('keeps its own options, except the schema', async () => {
    await using fresh = await freshDatabase('postgres');
    const url = new URL(fresh.url);
    url.searchParams.set('options', '-c search_path=public -c work_mem=7MB');
    const database = await openDatabase({
      url: url.href,
      schema: 'notes',
      migrations: emptyFolder,
      onError: () => undefined,
    });
    const { rows } = await sql`select current_schema() as schema, current_setting('work_mem') as memory`.execute(
      database.db,
    );
    await database.close();
    expect(rows).toEqual([{ schema: 'notes', memory: '7MB' }]);
  });
});

describe('a SQLite database that cannot be opened', () => {
  it('is named if it is a folder', async () => {
    await using fresh = await freshDatabase('sqlite');
    await mkdir(fresh.url);
    expect(await refusalOf(fresh.url)).toBe(
      `The database file ${fresh.url} cannot be opened: unable to open database file.`,
    );
  });

  it('is named if it is a file of another format', async () => {
    await using fresh = await freshDatabase('sqlite');
    await writeFile(fresh.url, 'Dear diary, this is no database. '.repeat(100));
    expect(await refusalOf(fresh.url)).toBe(`The database file ${fresh.url} cannot be opened: file is not a database.`);
  });

  it('is named if its folder cannot be created', async () => {
    await using fresh = await freshDatabase('sqlite');
    await writeFile(fresh.url, '');
    expect(await refusalOf(join(fresh.url, 'inside', 'notes.db'))).toContain(`${fresh.url}/inside/notes.db`);
  });
});

describe('a SQLite database', () => {
  it('keeps what it has answered through a power cut, on macOS too', async () => {
    await using fresh = await freshDatabase('sqlite');
    const { db, close } = await openDatabase({
      url: fresh.url,
      schema: 'notes',
      migrations: emptyFolder,
      onError: () => undefined,
    });
    const setting = async (name: string) => {
      const { rows } = await sql<Record<string, number>>`pragma ${sql.raw(name)}`.execute(db);
      return { ...rows[0] };
    };
    const settings = await Promise.all(['synchronous', 'fullfsync', 'checkpoint_fullfsync'].map(setting));
    await close();
    expect(settings).toEqual([{ synchronous: 2 }, { fullfsync: 1 }, { checkpoint_fullfsync: 1 }]);
  });
});

describe('a SQLite address', () => {
  it.each(['sqlite:', 'sqlite://', ''])(
    'is accepted with the prefix "%s", and its folder is created if missing',
    async (prefix) => {
      await using fresh = await freshDatabase('sqlite');
      const path = join(fresh.dataDir, 'new', 'folder', 'notes.db');
      const database = await openDatabase({
        url: `${prefix}${path}`,
        schema: 'notes',
        migrations: emptyFolder,
        onError: () => undefined,
      });
      await database.check();
      await database.close();
      await expect(mkdir(path)).rejects.toThrow('EEXIST');
    },
  );
});

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** A role that may only connect. */
async function aRoleWithoutRights(): Promise<AsyncDisposable & { name: string }> {
  const name = `guest_${crypto.randomUUID().replaceAll('-', '')}`;
  const client = new pg.Client(inject('postgresUrl'));
  await client.connect();
  await client.query(`create role ${name} login password '${password}'`);
  return {
    name,
    [Symbol.asyncDispose]: async () => {
      await client.query(`drop role ${name}`);
      await client.end();
    },
  };
}
