import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/** Starts the real Compose file as a project of its own, and follows a customer to her package. */

const run = promisify(execFile);
const composeFile = join(import.meta.dirname, '../../docker-compose.yml');
const project = `doorstep-check-${process.pid}`;
const services = ['crm', 'inventory', 'middleware'] as const;
type Service = (typeof services)[number];

const commandTimeoutMs = 15 * 60_000; // one of them builds three images
const healthTimeoutMs = 60_000;
const pollTimeoutMs = 30_000;
const packageWaitSeconds = 20;
const outputBytesMax = 64 * 1024 * 1024;

type Alice = { id: number; packageId: number };
type Customer = { id: number; name: string; integration: { state: string; package_id: number | null } };
type Status = { cursor: number; last_poll: { at: string; outcome: string } | null };
type Container = {
  State: { Health?: { Status: string } };
  HostConfig: { ReadonlyRootfs: boolean; Memory: number; PidsLimit: number | null };
  NetworkSettings: { Ports: Record<string, { HostIp: string; HostPort: string }[] | null> };
};

let passed = 0;
let failed = 0;
let token: string | undefined;
const neverAborted = new AbortController().signal;
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => interrupted.abort(new Error(`received ${signal}`)));

const compose = await findCompose();
const ports = await freePorts();
const adminPassword = randomBytes(15).toString('base64url');
const folder = mkdtempSync(join(tmpdir(), 'doorstep-'));
const envFile = join(folder, '.env');
await checkAll();
if (failed > 0) await showLogs();
await check('everything is removed again', cleanUp);
say(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

async function checkAll() {
  const isUp = await check('all three become healthy on empty volumes', () => bringUp({}));
  if (!isUp) return;
  for (const service of services) await checkContainer(service);
  const alice = await check('a new customer gets her package', () => postCustomer('Alice'));
  if (!alice) return;
  await check('the Inventory has exactly one package for her', () => expectOnePackage(alice));
  const isUpAgain = await check('all three become healthy again after down and up', async () => {
    await runCompose(['down']);
    return bringUp({ REQUIRE_AUTH: 'true', ADMIN_PASSWORD: adminPassword });
  });
  if (!isUpAgain) return;
  // these also prove that all three share one key: each service accepts the CRM's token
  token = await check('the admin can log in', logIn);
  if (!token) return;
  await check('the customer still exists', () => expectCustomer(alice));
  await check('a further poll succeeds', () => awaitPoll(alice));
  await check('she still has exactly one package', () => expectOnePackage(alice));
  await check('the command line proves that both sides are equal', async () => {
    await runCompose(['exec', '-T', 'middleware', 'node', 'middleware/src/main.ts', 'reconcile']);
  });
  await check('items are imported while the Inventory runs', async () => {
    const line = JSON.stringify({ sku: 'MUG-01', name: 'Mug', price: 12.5, quantity: 40 });
    const importing = `echo '${line}' | node inventory/src/main.ts import -`;
    await runCompose(['exec', '-T', 'inventory', 'sh', '-c', importing]);
    const { items } = await request<{ items: { quantity: number }[] }>('inventory', '/api/v1/items/?name=mug');
    expect(items.length === 1 && items[0]?.quantity === 40, `the items are ${JSON.stringify(items)}`);
  });
}

async function checkContainer(service: Service) {
  await check(`${service} does not run as root`, async () => {
    const uid = (await runCompose(['exec', '-T', service, 'node', '-p', 'process.getuid()'])).trim();
    expect(/^[1-9]\d*$/.test(uid), `its user id is ${uid}`);
  });
  await check(`${service} has a read-only root filesystem`, async () => {
    expect((await inspect(service)).HostConfig.ReadonlyRootfs, 'it is writable');
  });
  await check(`${service} has limits of memory and processes`, async () => {
    const { Memory, PidsLimit } = (await inspect(service)).HostConfig;
    expect(Memory > 0 && Number(PidsLimit) > 0, `they are ${Memory} bytes and ${PidsLimit}`);
  });
  await check(`${service} has no privileges and can gain none`, async () => {
    const status = await runCompose(['exec', '-T', service, 'cat', '/proc/self/status']);
    expect(/^CapEff:\s0+$/m.test(status) && /^NoNewPrivs:\s1$/m.test(status), status);
  });
  await check(`${service} keeps its files from other users`, async () => {
    const files = await runCompose(['exec', '-T', service, 'find', '/data', '/keys', '-printf', '%m %p\\n']);
    const open = files.split('\n').filter((line) => !/^([67]00 .*)?$/.test(line));
    expect(/^600 \/data\/\w+\.db$/m.test(files) && open.length === 0, files);
  });
  if (service !== 'crm') {
    await check(`${service} cannot replace the key for tokens`, async () => {
      const write = ['sh', '-c', 'echo mine > /keys/mine || echo mine > /keys/jwt-secret-key'];
      const isWritten = await runCompose(['exec', '-T', service, ...write]).then(
        () => true,
        () => false,
      );
      expect(!isWritten, 'it can write to /keys');
    });
  }
  await check(`${service} is published only on 127.0.0.1`, async () => {
    const published = Object.values((await inspect(service)).NetworkSettings.Ports).flatMap((bound) => bound ?? []);
    expect(published.length > 0, 'it is not published at all');
    for (const { HostIp, HostPort } of published) {
      expect(HostIp === '127.0.0.1', `port ${HostPort} is published on ${HostIp}`);
    }
  });
}

/** Returns what `prove` returns; undefined, counted as a failure, if it throws. */
async function check<T>(name: string, prove: () => Promise<T>): Promise<T | undefined> {
  try {
    const result = await prove();
    passed += 1;
    say(`ok      ${name}`);
    return result;
  } catch (error) {
    failed += 1;
    say(`FAILED  ${name}: ${(error as Error).message}`);
    return undefined;
  }
}

function expect(condition: boolean, otherwise: string) {
  if (!condition) throw new Error(otherwise);
}

async function postCustomer(name: string): Promise<Alice> {
  const body = { name, email: `${name.toLowerCase()}@example.com` };
  const { id, integration } = await post<Customer>('/customers', body, { Prefer: `wait=${packageWaitSeconds}` });
  if (integration.package_id === null) throw new Error(`her package is ${integration.state}`);
  return { id, packageId: integration.package_id };
}

async function logIn(): Promise<string> {
  const body = { username: 'admin', password: adminPassword };
  return (await post<{ access_token: string }>('/v1/auth/login', body)).access_token;
}

async function expectOnePackage({ id, packageId }: Alice) {
  const packages = await request<{ id: number }[]>('inventory', `/packages?customerId=${id}`);
  const ids = packages.map((one) => one.id).join(', ');
  expect(ids === String(packageId), `her package is ${packageId}, but the Inventory has ${ids || 'none'}`);
}

async function expectCustomer({ id }: Alice) {
  const { name } = await request<Customer>('crm', `/customers/${id}`);
  expect(name === 'Alice', `customer ${id} is ${name}`);
}

async function awaitPoll({ id }: Alice) {
  const before = await request<Status>('middleware', '/status');
  await eventually(pollTimeoutMs, async () => {
    const { cursor, last_poll } = await request<Status>('middleware', '/status');
    expect(last_poll !== null && last_poll.at !== before.last_poll?.at, 'no further poll has run');
    expect(last_poll?.outcome === 'idle', `the poll's outcome is ${last_poll?.outcome}`);
    expect(cursor === id, `the cursor is ${cursor}, but she is customer ${id}`);
  });
}

function post<T>(path: string, body: object, headers: Record<string, string> = {}): Promise<T> {
  const json = { ...headers, 'Content-Type': 'application/json' };
  return request<T>('crm', path, { method: 'POST', headers: json, body: JSON.stringify(body) });
}

/** The body of a 2xx answer. */
async function request<T>(service: Service, path: string, init: RequestInit = {}): Promise<T> {
  const timeout = AbortSignal.timeout((packageWaitSeconds + 10) * 1000);
  const signal = AbortSignal.any([interrupted.signal, timeout]);
  const headers = new Headers(init.headers);
  if (token) headers.set('Authorization', `Bearer ${token}`);
  const response = await fetch(`http://127.0.0.1:${ports[service]}${path}`, { ...init, headers, signal });
  const body = await response.text();
  expect(response.ok, `${init.method ?? 'GET'} ${path} gave ${response.status} ${body}`);
  return JSON.parse(body) as T;
}

/** Repeats the attempt until it succeeds; throws its last error after the timeout. */
async function eventually(timeoutMs: number, attempt: () => Promise<void>) {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (interrupted.signal.aborted || performance.now() > deadline) throw error;
      await sleep(250, undefined, { signal: interrupted.signal });
    }
  }
}

async function bringUp(settings: Record<string, string>): Promise<true> {
  writeSettings(settings);
  await runCompose(['up', '--detach', '--build']);
  await eventually(healthTimeoutMs, async () => {
    for (const service of services) {
      const health = (await inspect(service)).State.Health?.Status;
      expect(health === 'healthy', `${service} is ${health ?? 'without a health check'}`);
    }
  });
  return true;
}

async function inspect(service: Service): Promise<Container> {
  const id = (await runCompose(['ps', '--quiet', service])).trim();
  expect(id !== '', `${service} does not run`);
  const { stdout } = await run('docker', ['inspect', id], { signal: interrupted.signal });
  const [container] = JSON.parse(stdout) as Container[];
  if (!container) throw new Error(`${service} has no container`);
  return container;
}

async function showLogs() {
  say(await runCompose(['logs', '--no-color'], neverAborted).catch((error: Error) => error.message));
}

async function cleanUp() {
  try {
    await runCompose(['down', '--volumes', '--remove-orphans'], neverAborted);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function findCompose(): Promise<[string, ...string[]]> {
  for (const [command, ...rest] of [['docker', 'compose'], ['docker-compose']] as [string, ...string[]][]) {
    const version = await run(command, [...rest, 'version']).catch(() => undefined);
    if (version) return [command, ...rest];
  }
  say('Neither docker compose nor docker-compose is available.');
  process.exit(1);
}

/** Returns what the command printed. */
async function runCompose(args: string[], signal = interrupted.signal): Promise<string> {
  const [command, ...rest] = compose;
  const alone = ['--file', composeFile, '--project-name', project, '--env-file', envFile];
  const options = { env: environmentWithoutSettings(), timeout: commandTimeoutMs, maxBuffer: outputBytesMax, signal };
  const { stdout } = await run(command, [...rest, ...alone, ...args], options);
  return stdout;
}

function writeSettings(settings: Record<string, string>) {
  const portSettings = services.map((service) => [`${service.toUpperCase()}_PORT`, ports[service]]);
  const lines = [...portSettings, ...Object.entries(settings)].map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(envFile, lines.join(''));
}

/** Keeps out the user's own settings: a DATABASE_URL would lead to real data. */
function environmentWithoutSettings() {
  const environment = { ...process.env };
  for (const [, name] of readFileSync(composeFile, 'utf8').matchAll(/\$\{(\w+)/g)) delete environment[String(name)];
  return environment;
}

/** Holds every port until all are known, or one could be assigned twice. */
async function freePorts(): Promise<Record<Service, number>> {
  const held = await Promise.all(services.map(listenAnywhere));
  const [crm = 0, inventory = 0, middleware = 0] = held.map((server) => {
    const { port } = server.address() as AddressInfo;
    server.close();
    return port;
  });
  return { crm, inventory, middleware };
}

async function listenAnywhere(): Promise<Server> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function say(line: string) {
  process.stdout.write(`${line}\n`);
}
