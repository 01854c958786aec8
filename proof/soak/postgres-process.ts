import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, createWriteStream, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { importWithoutHooks } from '@doorstep/kit/test/start-postgres.ts';
import pg from 'pg';
import { freePort } from './free-ports.ts';
import type { Journal } from './journal.ts';
import { pause, startWithRetries } from './waits.ts';

/** A durable PostgreSQL that can be killed with all its processes. */
export type PostgresProcess = AsyncDisposable & {
  url: string;
  /** Like `url`, but new tables go to the small disk, if there is one. */
  ledgerUrl: string;
  start(): Promise<void>;
  kill(): Promise<void>;
  freeze(ms: number, signal: AbortSignal): Promise<void>;
};

type Options = { folder: string; smallDisk: string | undefined; journal: Journal; ended: AbortSignal };

const flags = [
  'max_connections=100',
  'max_wal_size=256MB',
  'min_wal_size=64MB',
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
];

export async function startPostgres({ folder, smallDisk, journal, ended }: Options): Promise<PostgresProcess> {
  const databaseDir = join(folder, 'postgres');
  const log = createWriteStream(join(folder, 'postgres.log'));
  const writeLog = (line: unknown) => void log.write(`${String(line).trimEnd()}\n`);
  const port = await freePort();
  const password = randomBytes(12).toString('hex');
  const EmbeddedPostgres = await importWithoutHooks({ leavesSignals: true });
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'postgres',
    password,
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: flags.flatMap((flag) => ['-c', flag]),
    onLog: writeLog,
    onError: writeLog,
  });
  await server.initialise();
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;

  let pid = 0;

  async function startOnce(): Promise<boolean> {
    try {
      await server.start();
    } catch {
      return false;
    }
    pid = Number.parseInt(readFileSync(join(databaseDir, 'postmaster.pid'), 'utf8'), 10);
    return true;
  }

  const onFailed = () => journal.note('postgres could not start');
  const start = () => startWithRetries('postgres', { startOnce, onFailed, ended });

  /** Stops the postmaster before it lists the children, so that none can be added. */
  function haltAll(): number[] {
    send([pid], 'SIGSTOP');
    return [...childrenOf(pid), pid];
  }

  await start();
  if (smallDisk !== undefined) await makeTablespace(url, join(smallDisk, 'space'), databaseDir);
  const onSmallDisk = `?options=${encodeURIComponent('-c default_tablespace=small_disk')}`;
  return {
    url,
    ledgerUrl: smallDisk === undefined ? url : `${url}${onSmallDisk}`,
    start,
    async kill() {
      const pids = haltAll();
      send(pids, 'SIGKILL');
      await ending(pid);
    },
    async freeze(ms, signal) {
      const pids = haltAll();
      send(pids, 'SIGSTOP');
      await pause(ms, signal);
      send(pids, 'SIGCONT');
    },
    async [Symbol.asyncDispose]() {
      // by signals, because the terminal's Ctrl-C may already have ended the server
      send([...childrenOf(pid), pid], 'SIGCONT');
      send([pid], 'SIGINT');
      await ending(pid);
      await new Promise((resolve) => log.end(resolve));
    },
  };
}

async function makeTablespace(url: string, location: string, databaseDir: string) {
  const { uid, gid } = statSync(databaseDir);
  mkdirSync(location);
  chownSync(location, uid, gid);
  chmodSync(location, 0o700);
  const client = new pg.Client(url);
  await client.connect();
  await client.query(`create tablespace small_disk location '${location}'`);
  await client.end();
}

function childrenOf(pid: number): number[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  const processes = lines.map((line) => line.trim().split(/\s+/).map(Number));
  return processes.flatMap(([child = 0, parent]) => (parent === pid ? [child] : []));
}

function send(pids: number[], signal: NodeJS.Signals) {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // the process has already ended
    }
  }
}

async function ending(pid: number) {
  while (isAlive(pid)) await sleep(20);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
