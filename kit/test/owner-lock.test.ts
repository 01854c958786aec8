import { hostname } from 'node:os';
import pg from 'pg';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { StartError } from '../src/errors.ts';
import { type OwnerLock, takeOwnerLock } from '../src/work/owner-lock.ts';
import { databases, freshDatabase } from './databases.ts';
import { eventually } from './eventually.ts';
import { startOtherProcess } from './other-process.ts';
import { startTcpProxy } from './tcp-proxy.ts';

const schema = 'ledger';
const refusal = 'Another one works here already';
const held = { refusal, advice: 'Stop it first.' };

/** A lock that is released at the end of the test. */
async function take(url: string, ownSchema = schema): Promise<OwnerLock & AsyncDisposable> {
  const lock = await takeOwnerLock(url, ownSchema, held);
  return { ...lock, [Symbol.asyncDispose]: () => lock.release() };
}

function heldByProcess(pid: number): string {
  return `${refusal}: process ${pid} on ${hostname()}, since `;
}

describe.each(databases)('the owner lock of a %s database', (kind) => {
  it('is refused to a second process, in a sentence that names the first', async () => {
    await using fresh = await freshDatabase(kind);
    await using first = await startOtherProcess();
    await first.run({ name: 'lock', url: fresh.url, schema });
    const refused = await takeOwnerLock(fresh.url, schema, held).catch((error) => error);
    expect(refused).toBeInstanceOf(StartError);
    expect(refused.message).toContain(heldByProcess(first.pid));
    expect(refused.message).toMatch(/, since \d{4}-\d\d-\d\d[^\n]*\. Stop it first\.$/);
  });

  it('is free after its process was killed', async () => {
    await using fresh = await freshDatabase(kind);
    await using first = await startOtherProcess();
    await first.run({ name: 'lock', url: fresh.url, schema });
    await first.kill();
    await using second = await eventually(() => take(fresh.url));
    await second.ensure();
    await expect(takeOwnerLock(fresh.url, schema, held)).rejects.toThrow(heldByProcess(process.pid));
  });

  it('is free after its release', async () => {
    await using fresh = await freshDatabase(kind);
    await using first = await take(fresh.url);
    await first.release();
    await using second = await take(fresh.url);
    await expect(first.ensure()).rejects.toThrow(heldByProcess(process.pid));
    await second.ensure();
  });

  it('goes to exactly one of two concurrent processes', async () => {
    await using fresh = await freshDatabase(kind);
    await using processes = new AsyncDisposableStack();
    const started = await Promise.all([1, 2].map(startOtherProcess));
    for (const process of started) processes.use(process);
    for (let round = 0; round < 10; round += 1) {
      const url = kind === 'sqlite' ? `${fresh.url}-${round}` : fresh.url;
      const asked = started.map((process) => process.run({ name: 'lock', url, schema: `ledger_${round}` }));
      const answers = await Promise.allSettled(asked);
      expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    }
  });

  it('can be ensured at any time, also twice at once', async () => {
    await using fresh = await freshDatabase(kind);
    await using lock = await take(fresh.url);
    await Promise.all([lock.ensure(), lock.ensure()]);
    await lock.release();
    await Promise.all([lock.ensure(), lock.ensure()]);
  });
});

describe('the owner lock of a PostgreSQL database', () => {
  it('exists once per schema', async () => {
    await using fresh = await freshDatabase('postgres');
    await using first = await take(fresh.url, 'one');
    await using second = await take(fresh.url, 'two');
    await Promise.all([first.ensure(), second.ensure()]);
  });

  it('exists once per database of a server', async () => {
    await using here = await freshDatabase('postgres');
    await using there = await freshDatabase('postgres');
    await using first = await take(here.url);
    await using second = await take(there.url);
    await Promise.all([first.ensure(), second.ensure()]);
  });

  it('is taken again after its connection was lost', async () => {
    await using fresh = await freshDatabase('postgres');
    await using lock = await take(fresh.url);
    await terminateHolder(fresh.url);
    await eventually(async () => {
      await lock.ensure();
      expect(await holders(fresh.url)).toHaveLength(1);
    });
    await expect(takeOwnerLock(fresh.url, schema, held)).rejects.toThrow(heldByProcess(process.pid));
  });

  it('is refused to a process that lost it to another', async () => {
    await using fresh = await freshDatabase('postgres');
    await using first = await take(fresh.url);
    await terminateHolder(fresh.url);
    await using other = await startOtherProcess();
    await other.run({ name: 'lock', url: fresh.url, schema });
    await eventually(() => expect(first.ensure()).rejects.toThrow(heldByProcess(other.pid)));
  });

  it('is refused to a process that lost it silently', async () => {
    await using fresh = await freshDatabase('postgres');
    await using network = await startTcpProxy(fresh.url);
    await using first = await take(network.url);
    network.abandonClients();
    await using second = await eventually(() => take(fresh.url));
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const ensured = first.ensure();
    vi.advanceTimersByTime(10_000);
    await expect(ensured).rejects.toThrow(heldByProcess(process.pid));
    await second.ensure();
  });

  it('fails with the reason while the database is unavailable, and is taken again afterwards', async () => {
    await using fresh = await freshDatabase('postgres');
    await using network = await startTcpProxy(fresh.url);
    await using lock = await take(network.url);
    await network.refuse();
    await eventually(() => expect(lock.ensure()).rejects.toThrow('ECONNREFUSED'));
    await network.accept();
    await eventually(() => lock.ensure());
    expect(await holders(fresh.url)).toHaveLength(1);
  });
});

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client(url);
  await client.connect();
  const { rows } = await client.query(text);
  await client.end();
  return rows;
}

/** The connections that hold an advisory lock of this database. */
function holders(url: string): Promise<unknown[]> {
  return query(
    url,
    `select l.pid from pg_locks l join pg_database d on d.oid = l.database
      where d.datname = current_database() and l.locktype = 'advisory' and l.granted`,
  );
}

/** Ends the connection that holds the lock, and waits until the lock is free. */
async function terminateHolder(url: string): Promise<void> {
  await query(
    url,
    `select pg_terminate_backend(l.pid) from pg_locks l join pg_database d on d.oid = l.database
      where d.datname = current_database() and l.locktype = 'advisory'`,
  );
  await eventually(async () => (await holders(url)).length === 0);
}
