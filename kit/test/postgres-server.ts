import { join } from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { openDatabase } from '../src/database/open.ts';
import { startPostgres } from './start-postgres.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The server on which every test creates its own databases. */
    postgresUrl: string;
  }
}

/** The files are temporary, so the server need not survive a power cut. */
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

/** Starts a real PostgreSQL server for the whole run. Its files are deleted afterwards. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { url, stop } = await startPostgres(flags);
  await makeTemplate(url);
  project.provide('postgresUrl', url);
  return stop;
}

/** A database with the schemas of the services. Copying it takes a fifth of the time of creating one. */
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
