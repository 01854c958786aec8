import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setInterval } from 'node:timers/promises';
import { StartError } from '../errors.ts';
import { shutdownTimeoutMs } from '../process/lifecycle.ts';
import { createPipeline, type Pipeline } from './pipeline.ts';

// Packages that close a server, such as http-terminator, wait for ever on an open event stream.

/** Longer than clients keep idle connections, so no request arrives on a connection that the server is closing. */
const keepAliveTimeoutMs = 65_000;

/** A request that has not fully arrived by then is answered 408. */
const requestTimeoutMs = 30_000;

/** Gives the client time to read the error: closing at once could discard it (RFC 9112, 9.6). */
const lingerMs = 1_000;

export type Listener = { url: string; close(): Promise<void> };

/** A client that reads nothing of its answer for so long is cut off. */
const unreadMsMax = 20_000;

type Options = {
  host: string;
  port: number;
  /** Clients beyond these are answered 503. */
  connectionsMax: number;
  unreadMs?: number;
  /** Is told of each client that is refused. */
  onCrowd?: () => void;
};

/** @throws StartError if the port is taken or not permitted. */
export async function listen(listener: RequestListener, options: Options): Promise<Listener> {
  const { host, port, unreadMs = unreadMsMax } = options;
  const timeouts = { keepAliveTimeout: keepAliveTimeoutMs, requestTimeout: requestTimeoutMs };
  const server = createServer({ ...timeouts, requireHostHeader: false });
  const pipeline = createPipeline(listener);
  const isRefused = limitConnections(server, options);
  // unknown expectations may be ignored (RFC 9110, 10.1.1); the body guard sends 100 Continue
  for (const event of ['request', 'checkContinue', 'checkExpectation']) {
    server.on(event, (request: IncomingMessage, response: ServerResponse) => {
      if (isRefused(request.socket)) return;
      // Node does not cut off a client whose window is full, and sets another limit once the answer is sent
      for (const begun of ['pipe', 'prefinish']) response.once(begun, () => request.socket.setTimeout(unreadMs));
      pipeline.handle(request, response);
    });
  }
  refuseBrokenRequests(server, pipeline);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(error, host, port)));
    server.listen(port, host, resolve);
  });
  const { port: actual } = server.address() as AddressInfo;
  const name = host.includes(':') ? `[${host}]` : host;
  return { url: `http://${name}:${actual}`, close: () => closeServer(server) };
}

/** `maxConnections` of Node would close a connection too many without a word. Gives whether a connection is one. */
function limitConnections(server: Server, { connectionsMax, onCrowd }: Options): (socket: Socket) => boolean {
  const refused = new WeakSet<Socket>();
  let count = 0;
  // before Node's own listener, which reads the request
  server.prependListener('connection', (socket: Socket) => {
    count += 1;
    socket.once('close', () => {
      count -= 1;
    });
    if (count <= connectionsMax) return;
    refused.add(socket);
    onCrowd?.();
    endWith(socket, problem(503, 'The service has too many connections; try again later', 'Retry-After: 5\r\n'));
  });
  return (socket) => refused.has(socket);
}

const refusals: Record<string, [status: number, detail: string]> = {
  HPE_HEADER_OVERFLOW: [431, 'The headers of the request are larger than 16 kB'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'The chunk extensions of the request are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not arrive in time'],
};

/**
 * Answers invalid HTTP with a problem document like any other error (RFC 9457), after the answers to earlier requests
 * on the same connection, then closes the connection.
 */
function refuseBrokenRequests(server: Server, pipeline: Pipeline): void {
  const refused = new WeakSet<Duplex>();
  server.on('clientError', async (error: NodeJS.ErrnoException, socket) => {
    // later bytes of this connection cannot be parsed either
    if (refused.has(socket)) return;
    refused.add(socket);
    const before = pipeline.pending(socket).filter(({ request }) => request.complete);
    await Promise.all(before.map(({ response }) => once(response, 'close')));
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const [status, detail] = refusals[error.code ?? ''] ?? [400, 'The request is not valid HTTP'];
    endWith(socket, problem(status, detail));
  });
}

function endWith(socket: Duplex, bytes: string): void {
  socket.end(bytes);
  setTimeout(() => socket.destroy(), lingerMs).unref();
}

function problem(status: number, detail: string, more = ''): string {
  const title = STATUS_CODES[status];
  const body = JSON.stringify({ type: 'about:blank', title, status, detail, error: detail });
  const headers = `${more}Connection: close\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}`;
  return `HTTP/1.1 ${status} ${title}\r\n${headers}\r\n\r\n${body}`;
}

function cannotListen(error: NodeJS.ErrnoException, host: string, port: number): StartError {
  if (error.code === 'EADDRINUSE') {
    return new StartError(`Port ${port} on ${host} is already in use; stop the other program or set another PORT.`);
  }
  return new StartError(`Cannot listen on ${host}:${port} (${error.code}); set another HOST or PORT.`);
}

/** Finishes the requests under way, then closes. After ten seconds it closes all connections. */
async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const stop = new AbortController();
  const deadline = setTimeout(() => server.closeAllConnections(), shutdownTimeoutMs);
  const sweep = async () => {
    for await (const _ of setInterval(50, undefined, { signal: stop.signal })) server.closeIdleConnections();
  };
  const sweeping = sweep().catch(() => undefined);
  await closed;
  clearTimeout(deadline);
  stop.abort();
  await sweeping;
}
