import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { inject } from 'vitest';
import { templateDatabase } from './postgres-server.ts';

/** What every suite that touches storage runs on. */
export const databases = ['sqlite', 'postgres'] as const;

export type DatabaseKind = (typeof databases)[number];

export type FreshDatabase = AsyncDisposable & {
  url: string;
  /** A folder of its own, gone afterwards. */
  dataDir: string;
};

/**
 * A database of that kind without any rows, gone when disposed of. On PostgreSQL the tables of the services are there
 * already, unless it is to be empty.
 */
export async function freshDatabase(kind: DatabaseKind, { isEmpty = false } = {}): Promise<FreshDatabase> {
  const dataDir = await mkdtemp(join(tmpdir(), 'doorstep-test-'));
  const removeFolder = () => rm(dataDir, { recursive: true, force: true });
  if (kind === 'sqlite') return { url: join(dataDir, 'test.db'), dataDir, [Symbol.asyncDispose]: removeFolder };
  const name = `test_${randomBytes(8).toString('hex')}`;
  const url = new URL(inject('postgresUrl'));
  url.pathname = name;
  await onServer(`create database ${name} template ${isEmpty ? 'template1' : templateDatabase} strategy file_copy`);
  return {
    url: url.href,
    dataDir,
    [Symbol.asyncDispose]: async () => {
      await onServer(`drop database ${name} with (force)`);
      await removeFolder();
    },
  };
}

async function onServer(statement: string): Promise<void> {
  const client = new pg.Client(inject('postgresUrl'));
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
