import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below what systems hand out to those who connect. Somebody who connects to a port of those on which nobody listens
 * may be given that very port, is then connected with itself, and keeps the service from coming back.
 */
const portMin = 20_000;
const portMax = 32_000;

const given = new Set<number>();

export async function freePort(): Promise<number> {
  for (;;) {
    const port = portMin + Math.floor(Math.random() * (portMax - portMin));
    if (given.has(port)) continue;
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    server.close();
    if (!isFree) continue;
    given.add(port);
    return port;
  }
}
