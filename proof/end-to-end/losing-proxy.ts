import { connect, createServer, type Socket } from 'node:net';

export type LosingProxy = AsyncDisposable & {
  url: string;
  /** Replies lost so far. */
  lost: () => number;
};

/**
 * A proxy that forwards every request but loses replies: on each connection that carries a POST, the first reply is cut
 * off before its first byte, until `losesMax` are lost. The target has done its work by then.
 */
export async function startLosingProxy(target: string, losesMax: number): Promise<LosingProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let lost = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    let posting = false;
    client.on('data', (chunk) => {
      posting = chunk.toString('latin1').startsWith('POST');
      upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      if (posting && lost < losesMax) {
        lost += 1;
        client.resetAndDestroy();
        upstream.destroy();
      } else {
        client.write(chunk);
      }
    });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        client.destroy();
        upstream.destroy();
        sockets.delete(socket);
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${address.port}`,
    lost: () => lost,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
