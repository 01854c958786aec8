import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createTokens } from '@doorstep/kit/auth/tokens.ts';

type Item = {
  id: number | string;
  customer_id: unknown;
  serial?: unknown;
  name: string;
  description?: string;
  category: string | null;
  brand: string | null;
  price: number;
  cost: number;
};

const json = { 'Content-Type': 'application/json' };

/** What the fake does instead of answering correctly. */
const faults = {
  'never answers': () => undefined,
  'resets the connection': (response) => response.socket?.resetAndDestroy(),
  'closes the connection in mid-answer': (response) => {
    response.writeHead(200, { ...json, 'Content-Length': '1000' }).write('{"items": [');
    setImmediate(() => response.destroy());
  },
  'answers a byte at a time': (response) => {
    response.writeHead(200, json);
    const timer = setInterval(() => response.write(' '), 100);
    response.on('close', () => clearInterval(timer));
  },
  'answers without end': (response) => {
    const chunk = ' '.repeat(0x10000);
    const pour = () => {
      while (!response.destroyed && response.write(chunk));
    };
    response.writeHead(200, json).on('drain', pour);
    pour();
  },
  'answers 500': (response) => response.writeHead(500, json).end('{"detail": "no table items at db-7.internal"}'),
  'answers 503': (response) => response.writeHead(503, { ...json, 'Retry-After': '60' }).end('{}'),
  'answers 401': (response) => response.writeHead(401, json).end('{"detail": "The bearer token is not valid"}'),
  'answers 302': (response) => response.writeHead(302, { Location: '/login' }).end(),
  'answers in HTML': (response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('<h1>It works!</h1>'),
  'answers null': (response) => response.writeHead(200, json).end('null'),
  'answers with half a JSON': (response) => response.writeHead(200, json).end('{"items": [{"id": 1, '),
  'answers with other things': (response) => response.writeHead(200, json).end('{"items": [7], "total": "many"}'),
} satisfies Record<string, (response: ServerResponse) => void>;

type Fault = keyof typeof faults;
export const faultNames = Object.keys(faults) as Fault[];

/** A fake Inventory with the item routes that the CRM calls. It accepts only service tokens. */
export async function anInventory(secretKey: string) {
  const items: Item[] = [];
  const requests: IncomingMessage[] = [];
  let fault: { name: Fault; timesLeft: number } | undefined;
  let knowsCustomers = true;

  const server = createServer(async (request, response) => {
    requests.push(request);
    if (fault && fault.timesLeft > 0) {
      fault.timesLeft -= 1;
      faults[fault.name](response);
      return;
    }
    const { status, body } = (await mayAsk(request, secretKey)) ? answer(request) : { status: 401, body: {} };
    response.writeHead(status, json).end(JSON.stringify(body));
  });

  function answer({ method, url = '' }: IncomingMessage) {
    const { pathname, searchParams: query } = new URL(url, 'http://inventory');
    const id = /^\/api\/v1\/items\/(\d+)$/.exec(pathname)?.[1];
    const found = items.find((item) => String(item.id) === id);
    if (method === 'GET' && found) return { status: 200, body: found };
    if (method !== 'GET' || pathname !== '/api/v1/items/') return { status: 404, body: { detail: 'Item not found' } };
    const [page, size] = [Number(query.get('page') ?? 1), Number(query.get('size') ?? 10)];
    const fits = items.filter((item) =>
      (['customer_id', 'name', 'category', 'brand'] as const).every((field) => {
        const asked = query.get(field);
        if (asked === null || (field === 'customer_id' && !knowsCustomers)) return true;
        if (field === 'name') return item.name.includes(asked);
        // a raw number of a test has no other text
        return [asked, JSON.stringify(asked)].includes(JSON.stringify(item[field]));
      }),
    );
    const [total, pages] = [fits.length, Math.ceil(fits.length / size)];
    return { status: 200, body: { items: fits.slice((page - 1) * size, page * size), total, page, size, pages } };
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const goAway = async () => {
    server.closeAllConnections();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  return {
    url: `http://127.0.0.1:${port}`,
    /** The requests since the last call of this function. */
    takeRequests: () => requests.splice(0),
    /** The number of requests since the last `takeRequests`. */
    requestCount: () => requests.length,
    add(overrides: Partial<Item>): Item {
      const item = {
        customer_id: null,
        name: 'Thing',
        category: null,
        brand: null,
        price: 9.9,
        cost: 4.2,
        ...overrides,
      };
      const added = { id: items.length + 1, ...item };
      items.push(added);
      return added;
    },
    ignoreCustomers() {
      knowsCustomers = false;
    },
    fail(name: Fault, times = Number.POSITIVE_INFINITY) {
      fault = { name, timesLeft: times };
    },
    goAway,
    /** Ends every fault and listens again. */
    async recover() {
      fault = undefined;
      knowsCustomers = true;
      if (server.listening) return;
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    [Symbol.asyncDispose]: goAway,
  };
}

async function mayAsk({ headers }: IncomingMessage, secretKey: string): Promise<boolean> {
  const token = /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1] ?? '';
  const claims = await createTokens(secretKey)
    .verify(token)
    .catch(() => undefined);
  return claims?.role === 'service' && claims.subject === 'crm' && headers['x-request-id'] !== undefined;
}
