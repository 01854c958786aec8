import { readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import { sqlitePath, startErrorOf } from '../database/open.ts';
import { postgresSettings } from '../database/postgres.ts';
import { isPostgresUrl, settleTls } from '../database/postgres-address.ts';
import { StartError } from '../errors.ts';
import { makePrivateFile, makePrivateFolder, privateMode } from '../files/private-files.ts';
import { singleFlight } from './single-flight.ts';

// Lock files from npm depend on a timer: a hanging process loses its lock, and a killed process keeps it for a while.
// Here the operating system or the server releases the lock when the process ends.

export type OwnerLock = {
  /**
   * Checks that this process still holds the lock, and takes it again if a lost connection has released it.
   * @throws StartError if another process holds the lock; a connection error if the database is unavailable.
   */
  ensure(): Promise<void>;
  release(): Promise<void>;
};

/** The error message if another process holds the lock, and advice to add to it. */
type Held = { refusal: string; advice?: string };

/**
 * Takes the lock that makes this process the only one that works on a database. However the process ends, the operating
 * system (SQLite) or the server (PostgreSQL) releases the lock.
 * @throws StartError that begins with `refusal` and names the holder, or says why the database cannot be used.
 */
export async function takeOwnerLock(url: string, schema: string, { refusal, advice }: Held): Promise<OwnerLock> {
  const heldBy = (holder: string | undefined) => {
    const sentences = [`${refusal}: ${holder ?? 'an unknown process'}.`, ...(advice ? [advice] : [])];
    return new StartError(sentences.join(' '));
  };
  const lock = isPostgresUrl(url) ? postgresLock(url, schema, heldBy) : sqliteLock(`${sqlitePath(url)}.lock`, heldBy);
  try {
    await lock.ensure();
  } catch (error) {
    throw startErrorOf(error, schema);
  }
  return lock;
}

const self = `process ${process.pid} on ${hostname()}`;

type HeldBy = (holder: string | undefined) => StartError;

/** A write transaction that stays open, so no other process can begin one. A file beside it names the holder. */
function sqliteLock(path: string, heldBy: HeldBy): OwnerLock {
  let database: DatabaseSync | undefined;
  const take = () => {
    makePrivateFolder(dirname(path));
    makePrivateFile(path);
    const candidate = new DatabaseSync(path, { timeout: 0 });
    try {
      candidate.exec('begin immediate');
    } catch (error) {
      candidate.close();
      throw (error as { errcode?: number }).errcode === 5 ? heldBy(readHolder(`${path}.holder`)) : error;
    }
    writeFileSync(`${path}.holder`, `${self}, since ${new Date().toISOString()}`, { mode: privateMode.file });
    return candidate;
  };
  return {
    ensure: async () => {
      database ??= take();
    },
    release: async () => {
      database?.close();
      database = undefined;
    },
  };
}

function readHolder(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // the holder has just taken the lock and not written its name yet
  }
}

const answerTimeoutMs = 5_000;

function postgresLock(url: string, schema: string, heldBy: HeldBy): OwnerLock {
  let client: pg.Client | undefined;
  const take = async () => {
    const settings = postgresSettings(await settleTls(url), schema, self);
    const candidate = new pg.Client({ ...settings, query_timeout: answerTimeoutMs });
    candidate.on('error', () => undefined); // followed by 'end'
    candidate.on('end', () => {
      if (client === candidate) client = undefined;
    });
    await candidate.connect();
    try {
      // If this host vanishes, the server notices within half a minute instead of two hours.
      await candidate.query(
        'set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 4',
      );
      const { rows } = await candidate.query(`select pg_try_advisory_lock(${lockKey}) as taken`, [schema]);
      if (!rows[0].taken) throw heldBy(await findHolder(candidate, schema));
      return candidate;
    } catch (error) {
      await candidate.end().catch(() => undefined);
      throw error;
    }
  };
  const check = async () => {
    if (client && !(await answers(client))) {
      void client.end().catch(() => undefined);
      client = undefined;
    }
    client ??= await take();
  };
  return {
    ensure: singleFlight(check).join,
    release: async () => {
      const held = client;
      client = undefined;
      await held?.end();
    },
  };
}

/** The lock lives as long as its session, and a network can lose a session silently. */
async function answers(client: pg.Client): Promise<boolean> {
  return client.query('select 1').then(
    () => true,
    () => false,
  );
}

const lockKey = `hashtext('doorstep owner'), hashtext($1)`;

async function findHolder(client: pg.Client, schema: string): Promise<string | undefined> {
  const { rows } = await client.query(
    `select a.application_name || ', since ' || a.backend_start as name
       from pg_locks l join pg_stat_activity a on a.pid = l.pid
      where l.locktype = 'advisory' and l.granted
        and l.classid::bigint = hashtext('doorstep owner')::bigint & 4294967295
        and l.objid::bigint = hashtext($1)::bigint & 4294967295
        and l.database = (select oid from pg_database where datname = current_database())`,
    [schema],
  );
  return rows[0]?.name;
}
