import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { call } from '@doorstep/kit/test/call.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { compileCache, quickStart } from '@doorstep/kit/test/quick-start.ts';
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

const startScript = [process.execPath, join(root, 'scripts/start.ts')];

async function npmStart(environment: Record<string, string> = {}, [command = '', ...words] = startScript) {
  const dataDir = await mkdtemp(join(tmpdir(), 'doorstep-start-'));
  const [crm, inventory, middleware] = await freePorts(3);
  const { PATH } = process.env;
  const ports = { CRM_PORT: String(crm), INVENTORY_PORT: String(inventory), MIDDLEWARE_PORT: String(middleware) };
  const child = spawn(command, words, {
    cwd: root,
    detached: true, // what a terminal sends to its whole group comes to nobody else
    env: { PATH, ...quickStart, DATA_DIR: dataDir, POLL_CRON: '* * * * * *', ...ports, ...environment },
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

const npm = ['npm', 'start', '--ignore-scripts', '--no-update-notifier'];

// bash becomes the command that it is given; Debian's sh stays, and dies of SIGTERM without passing it on
describe.each(['sh', 'bash'])('npm with %s', (npm_config_script_shell) => {
  it.each([
    ['SIGTERM to npm alone', (npmId: number) => process.kill(npmId, 'SIGTERM')],
    ['Ctrl-C, which reaches every process', (npmId: number) => process.kill(-npmId, 'SIGINT')],
  ])('ends all three cleanly at %s', async (_what, stop) => {
    await using start = await npmStart({ npm_config_script_shell }, npm);
    await start.up();
    stop(start.child.pid as number);
    await eventually(() =>
      ['crm', 'inventory', 'middleware'].every((name) => start.output().includes(`${name} stopped`)),
    );
    await eventually(async () => (await Promise.all(start.urls.map(isDown))).every(Boolean));
    expect(start.output()).not.toMatch(/npm error/);
  });
});

const onATerminal = (command: string[]) => [
  'script',
  '--quiet',
  '--return',
  '--command',
  command.join(' '),
  '/dev/null',
];

describe.skipIf(process.platform !== 'linux')('npm start on a terminal', () => {
  const nobody = { CRM_SERVICE_URL: 'http://127.0.0.1:1' };
  const warning = /\S+ cannot be reached/;
  it.each([
    ['shows warnings in colour', {}, true],
    ['shows no colour with NO_COLOR', { NO_COLOR: '1' }, false],
  ])('%s', async (_what, environment, isInColour) => {
    await using start = await npmStart({ TERM: 'xterm', ...nobody, ...environment }, onATerminal(startScript));
    await eventually(() => warning.test(start.output()));
    const line =
      start
        .output()
        .split('\n')
        .find((each) => warning.test(each)) ?? '';
    expect([line, line.includes('\u001b[33mWARN')]).toEqual([line, isInColour]);
    expect([line, line.includes('\u001b[32m[middleware]')]).toEqual([line, isInColour]);
  });
});

/** The names of the variables that a process was started with. */
async function variablesOf(processId: number): Promise<string[]> {
  const text = await readFile(`/proc/${processId}/environ`, 'utf8');
  return text.split('\0').map((variable) => variable.split('=', 1)[0] ?? '');
}

describe('npm start', () => {
  it.skipIf(process.platform !== 'linux')('gives each service its own secrets only', async () => {
    const secrets = {
      crm: ['ADMIN_PASSWORD', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_CONTAINER_AUTHORIZATION_TOKEN'],
      inventory: ['LOW_STOCK_WEBHOOK_URL', 'LOW_STOCK_WEBHOOK_SECRET'],
      middleware: ['CRM_TOKEN', 'INVENTORY_TOKEN'],
    };
    const forAll = ['JWT_SECRET_KEY', 'DATA_DIR', 'PATH', 'NODE_OPTIONS', 'MY_OWN'];
    await using start = await npmStart({
      ...Object.fromEntries([...Object.values(secrets).flat(), 'MY_OWN'].map((name) => [name, 'x'.repeat(40)])),
      JWT_SECRET_KEY: 'a key of no less than 32 bytes here',
      LOW_STOCK_WEBHOOK_URL: 'http://127.0.0.1:1',
      LOW_STOCK_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32).toString('base64')}`,
    });
    await start.up();

    for (const [name, own] of Object.entries(secrets)) {
      const names = await variablesOf(await childOf(start.child, name));
      const others = Object.values(secrets)
        .flat()
        .filter((secret) => !own.includes(secret));
      expect(names).toEqual(expect.arrayContaining([...own, ...forAll]));
      expect(names.filter((each) => others.includes(each))).toEqual([]);
    }
  });

  it('brings up the three, says where, shows the password once, and ends them all at Ctrl-C with exit code 0', async () => {
    // as a user starts it, without the bundles of quickStart
    await using start = await npmStart({ ...compileCache, NODE_OPTIONS: '' });
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
    // a usual terminal shows each on one line
    const lines = start.output().match(/.*(http:|Doorstep).*/g);
    expect(lines?.filter((line) => line.length > 80)).toEqual([]);
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
    await using taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    await using start = await npmStart({ INVENTORY_PORT: String(port) });
    expect(await start.ended()).toBe(1);
    expect(start.output()).toContain(`[inventory]  Port ${port} on 127.0.0.1 is already in use`);
    expect(start.output()).not.toContain('    at ');
  });

  it('refuses one SQLite file for three services', async () => {
    await using start = await npmStart({ DATABASE_URL: './one.db' });
    expect(await start.ended()).toBe(1);
    expect(start.output()).toBe(
      'DATABASE_URL names one SQLite file, and the three services need one each; leave it unset, or set DATABASE_URL to a postgres:// address.\n',
    );
  });

  it('gives each service its own public address, and refuses one for three', async () => {
    const publicUrl = { CRM_PUBLIC_URL: 'https://example.com/crm', MIDDLEWARE_PUBLIC_URL: 'https://ops.example.com' };
    await using start = await npmStart(publicUrl);
    await start.up();
    const docs = await Promise.all(start.urls.map(async (service) => (await call(service, 'GET /')).body.docs));
    expect(docs).toEqual(['https://example.com/crm/docs', '/docs', 'https://ops.example.com/docs']);

    await using refused = await npmStart({ PUBLIC_URL: 'https://example.com' });
    expect(await refused.ended()).toBe(1);
    expect(refused.output()).toBe(
      'PUBLIC_URL is the address of one service, and the three services need one each; set CRM_PUBLIC_URL, INVENTORY_PUBLIC_URL and MIDDLEWARE_PUBLIC_URL instead.\n',
    );
  });
});
