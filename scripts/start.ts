import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onStopRequest } from '@doorstep/kit/process/lifecycle.ts';

/** Starts the three services together. One that ends takes the others with it, and so does Ctrl-C. */

const root = join(import.meta.dirname, '..');
const envFile = join(root, '.env');
if (existsSync(envFile)) process.loadEnvFile(envFile);

const ports = {
  crm: process.env['CRM_PORT'] || '3001',
  inventory: process.env['INVENTORY_PORT'] || '3002',
  middleware: process.env['MIDDLEWARE_PORT'] || '3003',
};
type Service = keyof typeof ports;

const colours: Record<Service, string> = { crm: '\x1b[36m', inventory: '\x1b[33m', middleware: '\x1b[32m' };
const widest = Math.max(...Object.keys(ports).map((name) => name.length));
const inColour = process.stdout.isTTY && !process.env['NO_COLOR'];

const children = new Map<Service, ChildProcess>();
const askedToStop = new Set<ChildProcess>();
let stopping = false;
let exitCode = 0;

refuseOneFileForThree(process.env['DATABASE_URL'] || undefined);
onStopRequest(async () => stopAll());
const inventory = await start('inventory');
const INVENTORY_SERVICE_URL = process.env['INVENTORY_SERVICE_URL'] || reachable(inventory);
const crm = await start('crm', { INVENTORY_SERVICE_URL });
const CRM_SERVICE_URL = process.env['CRM_SERVICE_URL'] || reachable(crm);
const middleware = await start('middleware', { CRM_SERVICE_URL, INVENTORY_SERVICE_URL });
say(`Doorstep is up: CRM ${crm}, Inventory ${inventory}, middleware ${middleware}. Ctrl-C stops it.`);

/** Gives the service's address once it answers; never, where it ends instead. */
function start(name: Service, environment: Record<string, string> = {}): Promise<string> {
  const child = spawn(process.execPath, [join(root, name, 'src', 'main.ts')], {
    cwd: root,
    env: { ...process.env, PORT: ports[name], ...environment },
    // A session of its own, or the terminal would send Ctrl-C to each of them besides what it gets from here. The
    // channel ends with this process, however that ends, and the service stops by itself.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  children.set(name, child);
  prefix(name, child.stdout, process.stdout);
  prefix(name, child.stderr, process.stderr);
  child.on('exit', (code, signal) => {
    children.delete(name);
    if (!stopping) {
      say(`${name} ended (${signal ?? `exit code ${code}`}); the others are stopped.`);
      exitCode = 1;
    }
    stopAll();
  });
  return new Promise((resolve) => {
    child.on('message', (message: { ready?: string }) => {
      if (message.ready) resolve(message.ready);
    });
  });
}

/** The middleware first, while those it is talking to still answer; called again whenever one has ended. */
function stopAll() {
  stopping = true;
  const middleware = children.get('middleware');
  for (const child of middleware ? [middleware] : children.values()) {
    if (!askedToStop.has(child)) child.kill('SIGTERM'); // a second one would cut short what is under way
    askedToStop.add(child);
  }
  if (children.size === 0) process.exit(exitCode);
}

/** Every address of this machine is one to listen on, but none to call. */
function reachable(url: string): string {
  return url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:');
}

function prefix(name: Service, from: NodeJS.ReadableStream | null, to: NodeJS.WritableStream) {
  if (!from) return;
  const label = `[${name}]`.padEnd(widest + 2);
  const shown = inColour ? `${colours[name]}${label}\x1b[0m` : label;
  createInterface({ input: from }).on('line', (line) => to.write(`${shown} ${line}\n`));
}

function say(line: string) {
  process.stdout.write(`${line}\n`);
}

function refuseOneFileForThree(url: string | undefined) {
  if (url === undefined || /^postgres(ql)?:\/\//.test(url)) return;
  process.stderr.write(
    'DATABASE_URL names one SQLite file, and the three services need one each; leave it unset, or give a postgres:// address.\n',
  );
  process.exit(1);
}
