import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from './random.ts';
import type { Read } from './read-databases.ts';

/** A post is finished at the latest so long after it arrived, and listed so long after that. */
const workMaxMs = 8_000;
const lagMaxMs = 4_000;

export type SlowInventory = AsyncDisposable & { port: number; read: Read };

type Options = { folder: string; random: Random };
type Post = { customerId: number; customerName: string; packageType: string };

/**
 * An Inventory of somebody else: it creates a package for every post, finishes a post although nobody waits for the
 * answer any more, and lists a package a while after it was created.
 */
export async function startSlowInventory({ folder, random }: Options): Promise<SlowInventory> {
  const path = join(folder, 'slow-inventory.db');
  const database = new DatabaseSync(path);
  database.exec(`pragma synchronous = off;
    create table packages (id integer primary key, customer_id integer, customer_name text, package_type text, listed_ms real);
    create table idempotency_keys (key text, package_id integer)`);
  const add = database.prepare(
    'insert into packages (customer_id, customer_name, package_type, listed_ms) values (?, ?, ?, ?) returning id',
  );
  const addKey = database.prepare('insert into idempotency_keys values (?, ?)');
  const ofCustomer = database.prepare('select * from packages where customer_id = ? and listed_ms <= ?');
  const after = database.prepare('select * from packages where id > ? and listed_ms <= ? order by id limit ?');

  async function create({ customerId, customerName, packageType }: Post, key: string) {
    await sleep(random.chance(0.6) ? random.between(0, 50) : random.between(500, workMaxMs));
    const listedMs = performance.now() + (random.chance(0.5) ? 0 : random.between(0, lagMaxMs));
    const { id } = add.get(customerId, customerName, packageType, listedMs) as { id: number };
    addKey.run(key, id);
    return { id, customerId, customerName, packageType };
  }

  function list(query: URLSearchParams) {
    const nowMs = performance.now();
    const customerId = query.get('customerId');
    const rows =
      customerId === null
        ? after.all(Number(query.get('after') ?? 0), nowMs, Number(query.get('limit') ?? 1000))
        : ofCustomer.all(Number(customerId), nowMs);
    return rows.map((row) => ({
      id: row['id'],
      customerId: row['customer_id'],
      customerName: row['customer_name'],
      packageType: row['package_type'],
    }));
  }

  async function handle(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://slow-inventory');
    if (request.method === 'GET' && pathname === '/packages') return { status: 200, body: list(searchParams) };
    if (request.method !== 'POST' || pathname !== '/packages') return { status: 404, body: { error: 'Not found' } };
    const post = (await json(request)) as Post;
    return { status: 201, body: await create(post, String(request.headers['idempotency-key'])) };
  }

  const server = createServer((request, response) => {
    // a request that was cut short has no effect
    handle(request).then(
      ({ status, body }) => {
        response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
      },
      () => response.destroy(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as { port: number }).port,
    read: async <Row>(_schema: string, sql: string) => database.prepare(sql).all() as Row[],
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await sleep(workMaxMs);
      database.close();
    },
  };
}
