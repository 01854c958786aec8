import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export type TcpProxy = AsyncDisposable & {
  /** The URL of the target, by way of here. */
  url: string;
  /** Ends every connection and accepts no new one, as a server that has gone. */
  refuse(): Promise<void>;
  accept(): Promise<void>;
  /** Lets nothing through from now on, without a word to either side; tells how many bytes it has kept. */
  silence(): () => number;
  speak(): void;
  /** Ends the target's side of every connection; the client's stays open and hears nothing more. */
  abandonClients(): void;
};

/** A stretch of network between a client and the server at `target`. */
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
