import { fork } from 'node:child_process';
import { once } from 'node:events';
import { type ClientRequest, createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { json, text } from 'node:stream/consumers';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { call } from './call.ts';
import { type FreshDatabase, freshDatabase } from './databases.ts';
import { eventually } from './eventually.ts';
import { quickStart } from './quick-start.ts';
import { runToItsEnd, type SpawnedService, spawnService } from './spawn-service.ts';

/** Settings for a CRM with its own database. */
function settings({ url, dataDir }: FreshDatabase, overrides: Record<string, string> = {}) {
  return { DATABASE_URL: url, DATA_DIR: dataDir, ADMIN_PASSWORD: 'correct horse battery staple', ...overrides };
}

const aCustomer = { name: 'Alice', email: 'alice@example.com' };

type OpenRequest = {
  /** Sends the rest of the body and returns the answer. */
  finish(): Promise<{ status: number | undefined; headers: IncomingMessage['headers']; body: unknown }>;
};

/** A request under way, with half of its body sent. */
async function beginRequest(service: SpawnedService): Promise<OpenRequest> {
  const body = JSON.stringify(aCustomer);
  const request: ClientRequest = httpRequest(`${service.url}/customers`, {
    method: 'POST',
    agent: false,
    headers: { 'Content-Type': 'application/json', 'Content-Length': body.length, Expect: '100-continue' },
  });
  request.on('error', () => undefined);
  const answered = once(request, 'response');
  answered.catch(() => undefined);
  request.flushHeaders();
  await once(request, 'continue');
  request.write(body.slice(0, 10));
  return {
    finish: async () => {
      request.end(body.slice(10));
      const [response] = (await answered) as [IncomingMessage];
      return { status: response.statusCode, headers: response.headers, body: await json(response) };
    },
  };
}

/** Waits until the service accepts no new connections. */
async function stopBegun(service: SpawnedService) {
  await eventually(() => expect(call(service, 'GET /livez')).rejects.toThrow());
}

describe('a service that cannot start', () => {
  it('says in one sentence that its port is taken, and exits 1', async () => {
    await using fresh = await freshDatabase('sqlite');
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const { code, output } = await runToItsEnd('crm', settings(fresh, { PORT: String(port) }));
    other.close();
    expect(code).toBe(1);
    expect(output).toBe(`Port ${port} on 127.0.0.1 is already in use; stop the other program or set another PORT.\n`);
  });

  it.each([
    ['PORT', 'abc', 'PORT is "abc"; it takes a whole number from 0 to 65535.\n'],
    ['JWT_SECRET_KEY', 'hunter2', 'JWT_SECRET_KEY holds an invalid value; it takes a string of at least 32 bytes.\n'],
  ])('says in one sentence that %s is wrong, and exits 1', async (name, value, sentence) => {
    await using fresh = await freshDatabase('sqlite');
    const { code, output } = await runToItsEnd('crm', settings(fresh, { [name]: value }));
    expect([code, output]).toEqual([1, sentence]);
  });
});

describe('a service that is told to stop', () => {
  it('finishes the request under way, then exits 0', async () => {
    await using fresh = await freshDatabase('sqlite');
    await using crm = await spawnService('crm', settings(fresh));
    const open = await beginRequest(crm);
    const ended = crm.end('SIGTERM');
    await stopBegun(crm);
    const { status, headers } = await open.finish();
    expect([status, headers.connection]).toEqual([201, 'close']);
    expect(await ended).toBe(0);
    expect(crm.output()).toMatch(/crm stopped\n$/);
  });

  it('ends every wait, and answers with the current state', async () => {
    await using fresh = await freshDatabase('sqlite');
    await using crm = await spawnService('crm', settings(fresh));
    const waiting = call(crm, 'POST /customers', { body: aCustomer, headers: { Prefer: 'wait=30' } });
    await eventually(async () => (await call(crm, 'GET /customers')).body.length === 1);
    const ended = crm.end('SIGTERM');
    // a wait that did not end would be cut off, unanswered, long before its 30 s are over
    expect(await waiting).toMatchObject({ status: 201, body: { integration_status: 'pending' } });
    expect(await ended).toBe(0);
  });

  it('treats two signals in quick succession as one', async () => {
    await using fresh = await freshDatabase('sqlite');
    await using crm = await spawnService('crm', settings(fresh));
    const open = await beginRequest(crm);
    crm.process.kill('SIGINT');
    const ended = crm.end('SIGTERM');
    await stopBegun(crm);
    expect((await open.finish()).status).toBe(201);
    expect(await ended).toBe(0);
  });

  it('exits immediately on a later second signal, whatever is under way', async () => {
    await using fresh = await freshDatabase('sqlite');
    await using crm = await spawnService('crm', settings(fresh));
    await beginRequest(crm);
    const ended = crm.end('SIGTERM');
    await stopBegun(crm);
    await eventually(() => {
      crm.process.kill('SIGTERM');
      return crm.process.exitCode !== null;
    });
    // at its own deadline it would have closed the connection and ended with 0
    expect(await ended).toBe(1);
  });

  it('stops when its parent process ends', async () => {
    await using fresh = await freshDatabase('sqlite');
    await using crm = await spawnService('crm', settings(fresh));
    const open = await beginRequest(crm);
    crm.process.disconnect();
    const ended = once(crm.process, 'exit');
    await stopBegun(crm);
    expect((await open.finish()).status).toBe(201);
    expect(await ended).toEqual([0, null]);
  });
});

describe('a service that is still starting', () => {
  it('stops after its start if its parent process has ended', async () => {
    await using fresh = await freshDatabase('sqlite');
    const { PATH } = process.env;
    const child = fork(join(import.meta.dirname, '../../crm/src/main.ts'), {
      env: { PATH, ...quickStart, PORT: '0', ...settings(fresh) },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const ended = once(child, 'exit');
    const output = Promise.all([child.stdout, child.stderr].map((stream) => text(stream as Readable)));
    child.disconnect();
    expect(await ended).toEqual([0, null]);
    expect((await output).join('')).toMatch(/crm stopped\n$/);
  });
});

describe('a service on PostgreSQL', () => {
  it('survives the loss of a connection in the middle of a transaction', async () => {
    await using fresh = await freshDatabase('postgres');
    await using crm = await spawnService('crm', settings(fresh));
    await using server = await connectTo(fresh.url);
    await server.query('begin; lock table crm.customers in access exclusive mode');
    const held = call(crm, 'POST /customers', { body: aCustomer });
    const waiting = "from pg_stat_activity where application_name = 'doorstep-crm' and wait_event_type = 'Lock'";
    await eventually(async () => (await server.query(`select 1 ${waiting}`)).rowCount === 1);
    await server.query(`select pg_terminate_backend(pid) ${waiting}; rollback`);

    expect((await held).status).toBe(503);
    expect((await call(crm, 'POST /customers', { body: aCustomer })).status).toBe(201);
    expect(await crm.end('SIGTERM')).toBe(0);
  });
});

async function connectTo(url: string): Promise<pg.Client & AsyncDisposable> {
  const client = new pg.Client(url);
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}
