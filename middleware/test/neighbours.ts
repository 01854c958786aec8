import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { IntegrationResult } from '../src/delivery.ts';

/** A minimal CRM and Inventory in this process, controlled by the test. */

type Reply = { status: number; body?: unknown; headers?: Record<string, string> };
// biome-ignore lint/suspicious/noExplicitAny: whatever was posted
type Handler = (request: { route: string; query: URLSearchParams; body: any }) => Reply | Promise<Reply>;

async function serveJson(handler: Handler) {
  const read = async (request: IncomingMessage) => (request.method === 'GET' ? undefined : await json(request));
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
    const route = `${request.method} ${pathname}`;
    const { status, body, headers } = await handler({ route, query: searchParams, body: await read(request) });
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () => {
      server.closeAllConnections();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Blocks every `pass` from `hold` until `release`. */
function createGate() {
  let held = Promise.withResolvers<void>();
  held.resolve();
  let waiting = 0;
  return {
    hold: () => {
      held = Promise.withResolvers();
    },
    release: () => held.resolve(),
    waiting: () => waiting,
    async pass() {
      waiting += 1;
      await held.promise;
      waiting -= 1;
    },
  };
}

const missing: Reply = { status: 404, body: { error: 'there is no such route' } };

/** Lists its `customers`, entries of any form, except those with an id of `after` or below. */
export async function startSmallCrm() {
  const customers: { id?: unknown; name?: unknown }[] = [];
  const reports: IntegrationResult[] = [];
  const gate = createGate();
  const state = { isDown: false };
  const server = await serveJson(async ({ route, query, body }) => {
    if (state.isDown) return { status: 503 };
    if (route === 'PUT /customers/integration') {
      reports.push(...body.results);
      return { status: 204 };
    }
    if (route !== 'GET /customers') return missing;
    const rest = customers.filter(({ id }) => !(Number(id) <= Number(query.get('after'))));
    // the gate holds an answer that already exists
    const page = JSON.parse(JSON.stringify(rest.slice(0, Number(query.get('limit')))));
    await gate.pass();
    return { status: 200, body: page };
  });
  return Object.assign(server, { customers, reports, gate, state });
}

type Package = { id: unknown; customerId: number; customerName: string; packageType: string };

/** Without idempotency and groups: a package that is posted twice exists twice. */
export async function startSmallInventory() {
  const packages: Package[] = [];
  /** The customer ids of all requests for a package. */
  const posts: number[] = [];
  /** The status that rejects requests for each of these customers. */
  const refusals = new Map<number, number>();
  /** The ids of the next packages, of any form; after them come numbers. */
  const nextIds: unknown[] = [];
  const gate = createGate();
  /** `isMute`: it has no look-up; `words`: what it says when it refuses. */
  const state = { isMute: false, words: 'not now' };
  const server = await serveJson(async ({ route, query, body }) => {
    if (route === 'GET /packages' && !state.isMute) {
      const asked = query.get('customerId')?.split(',').map(Number);
      const shown = packages.filter(
        ({ id, customerId }) => asked?.includes(customerId) ?? !(Number(id) <= Number(query.get('after'))),
      );
      return { status: 200, body: shown };
    }
    if (route !== 'POST /packages') return missing;
    posts.push(body.customerId);
    await gate.pass();
    const status = refusals.get(body.customerId);
    if (status !== undefined) return { status, body: { error: state.words } };
    packages.push({ id: nextIds.shift() ?? packages.length + 1, ...body });
    return { status: 201, body: packages.at(-1) };
  });
  return Object.assign(server, { packages, posts, refusals, nextIds, gate, state });
}
