import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the ephemeral ports of common systems. A client that connects to an ephemeral port without a listener may be
 * given that very port; it is then connected to itself and keeps the service from listening there again.
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
