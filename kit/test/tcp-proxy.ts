import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export type TcpProxy = AsyncDisposable & {
  /** The URL of the target through this proxy. */
  url: string;
  /** Closes every connection and accepts no new ones, like a stopped server. */
  refuse(): Promise<void>;
  accept(): Promise<void>;
  /** Silently drops all bytes from now on. Returns a function that counts the dropped bytes. */
  silence(): () => number;
  speak(): void;
  /** Closes every connection on the target's side only. The client's side stays open and receives nothing more. */
  abandonClients(): void;
};

/** A TCP proxy between a client and the server at `target`. */
export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port: targetPort } = new URL(target);
  const pairs = new Set<[client: Socket, server: Socket]>();
  let silent = false;
  let keptBytes = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(targetPort), hostname);
    const pair: [Socket, Socket] = [client, upstream];
    pairs.add(pair);
    for (const [from, to] of [pair, [...pair].reverse() as typeof pair]) {
      from.on('data', (bytes) => {
        if (silent) keptBytes += bytes.length;
        else if (!to.destroyed) to.write(bytes);
      });
      from.on('error', () => undefined);
      from.on('close', () => pairs.has(pair) && to.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = new URL(target);
  url.port = String(port);

  const refuse = async () => {
    for (const [client, upstream] of pairs) {
      client.destroy();
      upstream.destroy();
    }
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  return {
    url: url.href,
    refuse,
    accept: async () => {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    silence: () => {
      silent = true;
      return () => keptBytes;
    },
    speak: () => {
      silent = false;
    },
    abandonClients: () => {
      for (const pair of pairs) {
        pairs.delete(pair);
        pair[1].destroy();
      }
    },
    [Symbol.asyncDispose]: refuse,
  };
}
