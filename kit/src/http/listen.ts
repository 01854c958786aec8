import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setInterval } from 'node:timers/promises';
import { StartError } from '../errors.ts';
import { shutdownTimeoutMs } from '../lifecycle.ts';

/** Longer than any client keeps an idle connection, so that no request meets a connection that is just closing. */
const keepAliveTimeoutMs = 65_000;

export type Listener = { url: string; close(): Promise<void> };

/** @throws StartError when the port is taken or may not be used. */
export async function listen(listener: RequestListener, host: string, port: number): Promise<Listener> {
  const server = createServer({ keepAliveTimeout: keepAliveTimeoutMs }, listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(error, host, port)));
    server.listen(port, host, resolve);
  });
  const { port: actual } = server.address() as AddressInfo;
  const name = host.includes(':') ? `[${host}]` : host;
  return { url: `http://${name}:${actual}`, close: () => closeServer(server) };
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
