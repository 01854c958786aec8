import { once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { setInterval } from 'node:timers/promises';
import { StartError } from '../errors.ts';
import { shutdownTimeoutMs } from '../process/lifecycle.ts';

// Packages that end a server, such as http-terminator, hang on an open event stream; closeServer does not.

/** Longer than any client keeps an idle connection, so that no request meets a connection that is just closing. */
const keepAliveTimeoutMs = 65_000;

/** The whole of a request has this long to arrive; what comes too slowly is answered 408. */
const requestTimeoutMs = 30_000;

/** A client that has yet to read its refusal is left this long: to close at once would take it away (RFC 9112, 9.6). */
const lingerMs = 1_000;

export type Listener = { url: string; close(): Promise<void> };

/** @throws StartError when the port is taken or may not be used. */
export async function listen(listener: RequestListener, host: string, port: number): Promise<Listener> {
  const timeouts = { keepAliveTimeout: keepAliveTimeoutMs, requestTimeout: requestTimeoutMs };
  const server = createServer({ ...timeouts, requireHostHeader: false });
  const answers: Answers = new WeakMap();
  // an expectation that is not known may be ignored (RFC 9110, 10.1.1); to go on is told where a body is read
  for (const event of ['request', 'checkContinue', 'checkExpectation']) {
    server.on(event, (request, response) => {
      const underWay = answers.get(request.socket) ?? new Set();
      answers.set(request.socket, underWay.add(response));
      response.once('close', () => underWay.delete(response));
      listener(request, response);
    });
  }
  refuseBrokenRequests(server, answers);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(error, host, port)));
    server.listen(port, host, resolve);
  });
  const { port: actual } = server.address() as AddressInfo;
  const name = host.includes(':') ? `[${host}]` : host;
  return { url: `http://${name}:${actual}`, close: () => closeServer(server) };
}

const refusals: Record<string, [status: number, detail: string]> = {
  HPE_HEADER_OVERFLOW: [431, 'The headers of the request are larger than 16 kB'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'The chunk extensions of the request are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not come to its end in time'],
};

/** The answers that are under way on a connection. */
type Answers = WeakMap<Duplex, Set<ServerResponse>>;

/**
 * What never becomes a request is answered in the form of every other error (RFC 9457), after the answers to the requests
 * before it on the same connection, and the connection ends.
 */
function refuseBrokenRequests(server: Server, answers: Answers): void {
  const refused = new WeakSet<Duplex>();
  server.on('clientError', async (error: NodeJS.ErrnoException, socket) => {
    // whatever comes after it is no request either
    if (refused.has(socket)) return;
    refused.add(socket);
    const before = [...(answers.get(socket) ?? [])].filter(({ req }) => req.complete);
    await Promise.all(before.map((response) => once(response, 'close')));
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    socket.end(refusal(error));
    setTimeout(() => socket.destroy(), lingerMs).unref();
  });
}

function refusal({ code }: NodeJS.ErrnoException): string {
  const [status, detail] = refusals[code ?? ''] ?? [400, 'The request is not valid HTTP'];
  const title = STATUS_CODES[status];
  const body = JSON.stringify({ type: 'about:blank', title, status, detail, error: detail });
  const headers = `Connection: close\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}`;
  return `HTTP/1.1 ${status} ${title}\r\n${headers}\r\n\r\n${body}`;
}

function cannotListen(error: NodeJS.ErrnoException, host: string, port: number): StartError {
  if (error.code === 'EADDRINUSE') {
    return new StartError(`Port ${port} on ${host} is already in use; stop what uses it or set another PORT.`);
  }
  return new StartError(`Cannot listen on ${host}:${port} (${error.code}); set another HOST or PORT.`);
}

/** Answers what is under way, then closes; after ten seconds it closes all the same. */
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
