import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { styleText } from 'node:util';
import { StartError } from '@doorstep/kit/errors.ts';
import { loadEnvFile } from '@doorstep/kit/process/env-file.ts';
import { onStopRequest } from '@doorstep/kit/process/lifecycle.ts';
import { printable } from '@doorstep/kit/text/printable.ts';
import { eachLine } from './each-line.ts';
import { environmentFor, type Service } from './service-environment.ts';

/** Starts the three services together. One that ends takes the others with it, and so does Ctrl-C. */

const root = join(import.meta.dirname, '..');
readEnvFile();

const ports: Record<Service, string> = {
  crm: process.env['CRM_PORT'] || '3001',
  inventory: process.env['INVENTORY_PORT'] || '3002',
  middleware: process.env['MIDDLEWARE_PORT'] || '3003',
};

// neither yellow nor red: those mark warnings and errors
const colours = { crm: 'cyan', inventory: 'magenta', middleware: 'green' } as const;
const widest = Math.max(...Object.keys(ports).map((name) => name.length));
const inColour = coloured('cyan', 'x') !== 'x';

const children = new Map<Service, ChildProcess>();
let stopping = false;
let exitCode = 0;

refuseOneFileForThree('DATABASE_URL');
refuseOneFileForThree('SQLITE_FILE');
refuseOneAddressForThree();
onStopRequest(async () => stopAll());
if (process.env['npm_lifecycle_event']) stopWithParent();
const inventory = await start('inventory');
const INVENTORY_SERVICE_URL = process.env['INVENTORY_SERVICE_URL'] || reachable(inventory);
const crm = await start('crm', { INVENTORY_SERVICE_URL });
const CRM_SERVICE_URL = process.env['CRM_SERVICE_URL'] || reachable(crm);
const middleware = await start('middleware', { CRM_SERVICE_URL, INVENTORY_SERVICE_URL });
say('Doorstep is up. Ctrl-C stops it. Add /docs to an address to try its API.');
say(`  CRM         ${crm}`);
say(`  Inventory   ${inventory}`);
say(`  middleware  ${middleware}`);

/** Gives the service's address once it answers; never, where it ends instead. */
function start(name: Service, environment: Record<string, string> = {}): Promise<string> {
  const child = spawn(process.execPath, [join(root, name, 'src', 'main.ts')], {
    cwd: root,
    // its output is a pipe, which by itself would be without colour
    env: {
      ...environmentFor(name, process.env),
      ...(inColour && { FORCE_COLOR: '1' }),
      ...settingsOf(name),
      ...environment,
    },
    // Out of the terminal's reach, which would send Ctrl-C to each service besides what this process asks of it: a
    // session of its own; on Windows, where that opens a window, a hidden console of its own.
    detached: process.platform !== 'win32',
    windowsHide: true,
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

/** What this process and Compose call by the name of the service. */
function settingsOf(name: Service): Record<string, string> {
  return { PORT: ports[name], PUBLIC_URL: process.env[`${name.toUpperCase()}_PUBLIC_URL`] ?? '' };
}

/**
 * Stops the middleware first, while the services that it calls still answer; called again whenever one has ended.
 * The end of the channel asks a service to stop, as it does when this process is killed: Windows has no SIGTERM.
 */
function stopAll() {
  stopping = true;
  const middleware = children.get('middleware');
  for (const child of middleware ? [middleware] : children.values()) {
    if (child.connected) child.disconnect();
  }
  if (children.size === 0) process.exit(exitCode);
}

/** npm passes a signal on to its shell, and some shells die of it without passing it on. */
function stopWithParent() {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    stopAll();
  }, 250);
  watch.unref();
}

/** Every address of this machine is one to listen on, but none to call. */
function reachable(url: string): string {
  return url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:');
}

function prefix(name: Service, from: Readable | null, to: NodeJS.WritableStream) {
  if (!from) return;
  const label = `[${name}]`.padEnd(widest + 2);
  const shown = Buffer.from(`${coloured(colours[name], label)} `);
  const lineFeed = Buffer.from('\n');
  eachLine(from, (line) => to.write(Buffer.concat([shown, line, lineFeed])));
}

/** As the terminal and NO_COLOR allow. */
function coloured(colour: (typeof colours)[Service], text: string): string {
  return styleText(colour, text, { stream: process.stdout });
}

function say(line: string) {
  process.stdout.write(`${printable(line)}\n`);
}

function complain(sentence: string) {
  process.stderr.write(`${printable(sentence)}\n`);
}

function readEnvFile() {
  try {
    for (const warning of loadEnvFile(join(root, '.env'), process.env)) complain(warning);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    complain(error.message);
    process.exit(1);
  }
}

function refuseOneFileForThree(variable: string) {
  const value = process.env[variable] ?? '';
  // the services refuse the address of another kind of database themselves
  if (value === '' || /^(?!sqlite:)[a-z][a-z\d+]+:\/\//i.test(value)) return;
  complain(
    `${variable} names one SQLite file, and the three services need one each; leave it unset, or set DATABASE_URL to a postgres:// address.`,
  );
  process.exit(1);
}

function refuseOneAddressForThree() {
  if (!process.env['PUBLIC_URL']) return;
  complain(
    'PUBLIC_URL is the address of one service, and the three services need one each; set CRM_PUBLIC_URL, INVENTORY_PUBLIC_URL and MIDDLEWARE_PUBLIC_URL instead.',
  );
  process.exit(1);
}
