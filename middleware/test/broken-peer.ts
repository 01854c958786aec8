import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

// biome-ignore lint/suspicious/noExplicitAny: bodies of every shape
export type PeerRequest = { method: string; url: URL; body: any };
type Reply = { status: number; body?: unknown };
type Applies = (request: PeerRequest) => boolean;

/**
 * Handles a request that has arrived completely. `answer` does the requested work and returns the raw reply;
 * `turn` counts the requests handled like this, from 0.
 */
type Behaviour = (socket: Socket, answer: () => string, turn: number) => void;

const behaviours = {
  'resets the connection': (socket) => socket.resetAndDestroy(),
  'resets the connection once its work is done': (socket, answer) => {
    answer();
    socket.resetAndDestroy();
  },
  'closes the connection in mid-answer': (socket, answer) => {
    const [head, body] = split(answer());
    socket.end(head + body.slice(0, body.length / 2));
  },
  'never answers': () => undefined,
  'never answers though its work is done': (_socket, answer) => void answer(),
  'answers a byte at a time': (socket, answer) => trickle(socket, answer()),
  'answers without end': (socket) => flood(socket),
  'answers in HTML': (socket) => socket.write(http(200, 'text/html', '<!doctype html><h1>It works!</h1>')),
  'answers with no package': inTurn('{}', '[]', 'null', '{"id":null}', 'no JSON', ''),
  'answers with no list': inTurn('{}', '42', 'null', '{"rows":[]}', 'no JSON', ''),
  'lists what are no customers too': (socket, answer) =>
    socket.write(http(200, 'application/json', `[null,7,${split(answer())[1].slice(1, -1)},"x",{},[],{"id":null}]`)),
} satisfies Record<string, Behaviour>;

export type BehaviourName = keyof typeof behaviours;

/** Answers 200 with each of these bodies in turn. */
function inTurn(...bodies: string[]): Behaviour {
  return (socket, _answer, turn) => socket.write(http(200, 'application/json', bodies[turn % bodies.length] ?? ''));
}

/** Sends the head at once, because a client may have a separate time limit for it. */
function trickle(socket: Socket, reply: string): void {
  const [head, body] = split(reply);
  const bytes = body[Symbol.iterator]();
  socket.write(head);
  const timer = setInterval(() => socket.write(bytes.next().value ?? ''), 250);
  socket.on('close', () => clearInterval(timer));
}

const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`;

function flood(socket: Socket): void {
  const pour = () => {
    while (socket.writable && socket.write(chunk));
  };
  socket.on('drain', pour);
  socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n');
  pour();
}

function http(status: number, type: string, body: string): string {
  return `HTTP/1.1 ${status} OK\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

function split(message: string): [head: string, body: string] {
  const bodyStart = message.indexOf('\r\n\r\n') + 4;
  return [message.slice(0, bodyStart), message.slice(bodyStart)];
}

/** The request, once all of its bytes have arrived. */
function parse(text: string): PeerRequest | undefined {
  const [head, body] = split(text);
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
  if (!head.endsWith('\r\n\r\n') || body.length < length) return undefined;
  const [method = '', path = ''] = head.split(' ');
  return { method, url: new URL(path, 'http://peer'), body: body && JSON.parse(body) };
}

type BrokenPeer = AsyncDisposable & {
  url: string;
  /** The requests so far. */
  requests: PeerRequest[];
  /** From now on, breaks every request that `applies` in this way. */
  breaks(name: BehaviourName, applies: Applies): void;
  /** Ends every connection and accepts no new one. */
  refuses(): Promise<void>;
  /** Accepts connections and answers normally again. */
  recovers(): Promise<void>;
};

/** A peer that answers with the result of `play` until a test breaks it. */
async function startPeer(play: (request: PeerRequest) => Reply): Promise<BrokenPeer> {
  const sockets = new Set<Socket>();
  const requests: PeerRequest[] = [];
  let broken: { behave: Behaviour; applies: Applies; turn: number } | undefined;

  function take(request: PeerRequest, socket: Socket) {
    requests.push(request);
    const answer = () => {
      const { status, body } = play(request);
      return http(status, 'application/json', body === undefined ? '' : JSON.stringify(body));
    };
    if (broken?.applies(request)) broken.behave(socket, answer, broken.turn++);
    else socket.write(answer());
  }

  const server = createServer((socket) => {
    let text = '';
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (bytes) => {
      text += bytes;
      const request = parse(text);
      if (!request) return;
      text = '';
      take(request, socket);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  const refuses = async () => {
    for (const socket of sockets) socket.destroy();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    breaks: (name, applies) => {
      broken = { behave: behaviours[name], applies, turn: 0 };
    },
    refuses,
    recovers: async () => {
      broken = undefined;
      if (server.listening) return;
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    [Symbol.asyncDispose]: refuses,
  };
}

/** A CRM with customers 1 to `count`. */
export async function playCrm(count: number) {
  const customers: { id: number; name: string; created_at: string }[] = [];
  const reports: { customer_id: number; state: string }[] = [];
  const peer = await startPeer(({ method, url, body }) => {
    const after = Number(url.searchParams.get('after'));
    if (method === 'GET') return { status: 200, body: customers.filter(({ id }) => id > after) };
    reports.push(...body.results);
    return { status: 204 };
  });
  /** One more customer. */
  const add = () => {
    const id = customers.length + 1;
    customers.push({ id, name: `Customer ${id}`, created_at: new Date().toISOString() });
  };
  for (let id = 1; id <= count; id += 1) add();
  return { ...peer, reports, add };
}

type Package = { id: number; customerId: number };

/** An Inventory without idempotency: a package that is posted twice exists twice. */
export async function playInventory() {
  const packages: Package[] = [];
  const peer = await startPeer(({ method, url, body }) => {
    if (url.pathname !== '/packages') return { status: 404 };
    if (method === 'POST') {
      const made: Package = { id: packages.length + 1, ...body };
      packages.push(made);
      return { status: 201, body: made };
    }
    const asked = url.searchParams.get('customerId');
    return { status: 200, body: packages.filter(({ customerId }) => asked === null || asked === String(customerId)) };
  });
  /** The customer id of each package. */
  const owners = () => packages.map(({ customerId }) => customerId).sort((a, b) => a - b);
  return { ...peer, owners };
}
