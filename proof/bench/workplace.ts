import { chmod, cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '@doorstep/kit/test/start-postgres.ts';
import pg from 'pg';
import { type Filling, fill } from './fill.ts';
import { killAll } from './processes.ts';

export type DatabaseKind = 'sqlite' | 'postgres';

/** The environment of three services with databases of their own. */
type Installation = AsyncDisposable & { environment: Record<string, string> };

export type Workplace = AsyncDisposable & {
  /** Returns filled databases: made once per filling, then copied. Disposing deletes the copy. */
  install(kind: DatabaseKind, filling: Filling): Promise<Installation>;
  folder: string;
};

/** None of these makes PostgreSQL less durable, because durable writes are measured. */
const postgresFlags = ['jit=off', 'max_connections=100'];

/** A folder for databases in the system's temporary folder. Disposing deletes everything. */
export async function openWorkplace(): Promise<Workplace> {
  const folder = await mkdtemp(join(tmpdir(), 'doorstep-bench-'));
  await chmod(folder, 0o755);
  let postgres: ReturnType<typeof startPostgres> | undefined;
  const templates = new Map<string, Promise<string>>();
  let count = 0;

  const server = async () => {
    postgres ??= startPostgres(postgresFlags, { leavesSignals: true });
    return (await postgres).url;
  };
  const freshFolder = (name: string) => mkdtemp(join(folder, `${name}-`));

  async function makeTemplate(kind: DatabaseKind, filling: Filling): Promise<string> {
    count += 1;
    const place =
      kind === 'sqlite' ? await freshFolder('template') : await createDatabase(await server(), `template_${count}`);
    await fill(place, filling);
    return place;
  }

  async function leave() {
    killAll();
    await (await postgres)?.stop();
    await rm(folder, { recursive: true, force: true });
  }
  // Ctrl-C disposes of it while the current measurement fails, and disposes of it again
  let leaving: Promise<void> | undefined;

  return {
    folder,
    async install(kind, filling) {
      const key = `${kind} ${JSON.stringify(filling)}`;
      const made = templates.get(key) ?? makeTemplate(kind, filling);
      templates.set(key, made);
      const template = await made;
      const dataDir = await freshFolder('data');
      count += 1;
      const url = kind === 'postgres' ? await createDatabase(await server(), `copy_${count}`, template) : undefined;
      if (!url) await cp(template, dataDir, { recursive: true });
      return {
        environment: { DATA_DIR: dataDir, ...(url && { DATABASE_URL: url }) },
        [Symbol.asyncDispose]: async () => {
          if (url) await onServer(await server(), `drop database ${nameOf(url)} with (force)`);
          await rm(dataDir, { recursive: true, force: true });
        },
      };
    },
    [Symbol.asyncDispose]: () => {
      leaving ??= leave();
      return leaving;
    },
  };
}

const nameOf = (url: string) => new URL(url).pathname.slice(1);

async function createDatabase(server: string, name: string, template?: string): Promise<string> {
  const copied = template ? ` template ${nameOf(template)} strategy file_copy` : '';
  await onServer(server, `create database ${name}${copied}`);
  const url = new URL(server);
  url.pathname = name;
  return url.href;
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
