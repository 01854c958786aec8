import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { inject } from 'vitest';
import { eventually } from './eventually.ts';
import { templateDatabase } from './postgres-server.ts';

/** Every suite that uses storage runs on both. */
export const databases = ['sqlite', 'postgres'] as const;

export type DatabaseKind = (typeof databases)[number];

export type FreshDatabase = AsyncDisposable & {
  url: string;
  /** Its own folder, deleted on disposal. */
  dataDir: string;
};

type Options = {
  /** Omits the tables of the services, which a PostgreSQL database has by default. */
  isEmpty?: boolean;
  copyOf?: Copy | undefined;
};

/** The content of a SQLite file, or the name of a database on PostgreSQL. */
type Copy = Buffer | string;

/** A database without rows, or a copy of another database. Deleted on disposal. */
export async function freshDatabase(
  kind: DatabaseKind,
  { isEmpty = false, copyOf }: Options = {},
): Promise<FreshDatabase> {
  const dataDir = await mkdtemp(join(tmpdir(), 'doorstep-test-'));
  const removeFolder = () => rm(dataDir, { recursive: true, force: true });
  if (kind === 'sqlite') {
    const url = join(dataDir, 'test.db');
    if (copyOf) await writeFile(url, copyOf, { mode: 0o600 });
    return { url, dataDir, [Symbol.asyncDispose]: removeFolder };
  }
  const name = `test_${randomBytes(8).toString('hex')}`;
  const url = new URL(inject('postgresUrl'));
  url.pathname = name;
  const template = copyOf ?? (isEmpty ? 'template1' : templateDatabase);
  await onServer(`create database ${name} template ${template} strategy file_copy`);
  return {
    url: url.href,
    dataDir,
    [Symbol.asyncDispose]: async () => {
      await onServer(`drop database ${name} with (force)`);
      await removeFolder();
    },
  };
}

/** Creates copies of a database that `prepare` has filled. Each worker prepares one database of each kind. */
export function copiesOf(prepare: (fresh: FreshDatabase) => Promise<void>) {
  const prepared = new Map<DatabaseKind, Promise<Copy>>();
  const prepareOnce = async (kind: DatabaseKind): Promise<Copy> => {
    const fresh = await freshDatabase(kind);
    await prepare(fresh);
    if (kind === 'postgres') return new URL(fresh.url).pathname.slice(1); // deleted with the server
    await using file = fresh;
    return await readFile(file.url);
  };
  return async (kind: DatabaseKind): Promise<FreshDatabase> => {
    const copy = prepared.get(kind) ?? prepareOnce(kind);
    prepared.set(kind, copy);
    return freshDatabase(kind, { copyOf: await copy });
  };
}

/** Retries a start that failed because a busy machine took longer than five seconds to accept a connection. */
export async function startedPatiently<T extends object>(start: () => Promise<T>): Promise<T> {
  const started = await eventually(async () => {
    const outcome = await start().catch((error: Error) => error);
    const isTooSlow = outcome instanceof Error && /connection timeout|exceeded when trying/.test(outcome.message);
    return isTooSlow ? false : outcome;
  });
  if (started instanceof Error) throw started;
  return started as T;
}

let admin: pg.Pool | undefined;

/** One connection for the whole worker, because opening one takes longer than copying a database. */
async function onServer(statement: string): Promise<void> {
  admin ??= new pg.Pool({
    connectionString: inject('postgresUrl'),
    max: 1,
    idleTimeoutMillis: 0,
    allowExitOnIdle: true,
  }).on('error', () => undefined); // the server stops before the workers
  await admin.query(statement);
}
