import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { call } from '@doorstep/kit/test/call.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { compileCache } from '@doorstep/kit/test/quick-start.ts';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  const ports: number[] = [];
  for (const server of servers) {
    if (!server.listening) await once(server, 'listening');
    ports.push((server.address() as { port: number }).port);
  }
  for (const server of servers) server.close();
  return ports;
}

async function npmStart(environment: Record<string, string> = {}) {
  const dataDir = await mkdtemp(join(tmpdir(), 'doorstep-start-'));
  const [crm, inventory, middleware] = await freePorts(3);
  const { PATH } = process.env;
  const ports = { CRM_PORT: String(crm), INVENTORY_PORT: String(inventory), MIDDLEWARE_PORT: String(middleware) };
  const child = spawn(process.execPath, [join(root, 'scripts/start.ts')], {
    env: { PATH, ...compileCache, DATA_DIR: dataDir, POLL_CRON: '* * * * * *', ...ports, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      text += chunk;
    });
  }
  return {
    child,
    output: () => text,
    urls: [crm, inventory, middleware].map((port) => ({ url: `http://127.0.0.1:${port}` })),
    up: () => eventually(() => text.includes('Doorstep is up')),
    ended: async () => {
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      return child.exitCode;
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function isDown({ url }: { url: string }): Promise<boolean> {
  return fetch(url).then(
    () => false,
    () => true,
  );
}

/** The process that runs this service. */
async function childOf(parent: ChildProcess, name: string): Promise<number> {
  const { stdout } = await promisify(execFile)('pgrep', ['-P', String(parent.pid), '-f', `${name}/src/main.ts`]);
  return Number(stdout);
}

describe('npm start', () => {
  it('brings up the three, says where, shows the password once, and ends them all at Ctrl-C with exit code 0', async () => {
    await using start = await npmStart();
    await start.up();
    for (const service of start.urls) {
      expect((await call(service, 'GET /health')).body.status).toBe('healthy');
      expect(start.output()).toContain(service.url);
    }
    expect(start.output().match(/Admin created: username admin, password \S{20} /g)).toHaveLength(1);
    start.child.kill('SIGINT');
    start.child.kill('SIGINT'); // npm hands on what the terminal has sent already
    expect(await start.ended()).toBe(0);
    for (const name of ['crm', 'inventory', 'middleware']) expect(start.output()).toContain(`${name} stopped`);
  });

  it('takes the others down with exit code 1 when one dies', async () => {
    await using start = await npmStart();
    await start.up();
    process.kill(await childOf(start.child, 'inventory'), 'SIGKILL');
    expect(await start.ended()).toBe(1);
    expect(start.output()).toContain('inventory ended (SIGKILL); the others are stopped.');
    expect(await Promise.all(start.urls.map(isDown))).toEqual([true, true, true]);
  });

  it('leaves nobody behind when it is killed itself', async () => {
    await using start = await npmStart();
    await start.up();
    start.child.kill('SIGKILL');
    await eventually(async () => (await Promise.all(start.urls.map(isDown))).every(Boolean));
  });

  it('says in one sentence which port is taken', async () => {
    await using first = await npmStart();
    await first.up();
    const port = new URL(first.urls[1]?.url ?? '').port;
    await using second = await npmStart({ INVENTORY_PORT: port });
    expect(await second.ended()).toBe(1);
    expect(second.output()).toContain(`[inventory]  Port ${port} on 127.0.0.1 is already in use`);
    expect(second.output()).not.toContain('    at ');
  });

  it('refuses one SQLite file for three services', async () => {
    await using start = await npmStart({ DATABASE_URL: './one.db' });
    expect(await start.ended()).toBe(1);
    expect(start.output()).toBe(
      'DATABASE_URL names one SQLite file, and the three services need one each; leave it unset, or give a postgres:// address.\n',
    );
  });
});
