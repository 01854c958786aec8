import { connect, type Socket } from 'node:net';

type Load = {
  url: string;
  path: string;
  clients: number;
  seconds: number;
  /** The body of the next request. */
  body: () => unknown;
};

/**
 * Each client posts one request after another on its own connection. Returns the answers per second. Speaks HTTP by
 * hand, because a full client would need as much CPU as the server that it measures.
 */
export async function load({ url, path, clients, seconds, body }: Load): Promise<number> {
  const { hostname, port } = new URL(url);
  const head = `POST ${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: application/json\r\n`;
  const startedAt = performance.now();
  let endsAt = startedAt + seconds * 1000;
  let answered = 0;
  const client = async () => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    const exchange = createExchange(socket);
    try {
      while (performance.now() < endsAt) {
        const text = JSON.stringify(body());
        const status = await exchange(`${head}Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
        if (status !== 201) throw new Error(`${url}${path} answered ${status}`);
        answered += 1;
      }
    } catch (error) {
      endsAt = 0; // stops the other clients too
      throw error;
    } finally {
      socket.destroy();
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return answered / ((performance.now() - startedAt) / 1000);
}

const silenceMaxMs = 30_000;

/** Sends a request; resolves with the status once the whole answer has arrived. */
function createExchange(socket: Socket): (request: string) => Promise<number> {
  let answer = '';
  let waiting: PromiseWithResolvers<number> | undefined;
  socket.setTimeout(silenceMaxMs, () => socket.destroy(new Error(`no answer within ${silenceMaxMs} ms`)));
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    answer += chunk;
    if (!isWhole(answer)) return;
    const status = Number(answer.slice(9, 12));
    answer = '';
    waiting?.resolve(status);
  });
  socket.on('error', (error) => waiting?.reject(error));
  socket.on('close', () => waiting?.reject(new Error('the connection was closed')));
  return (request) => {
    waiting = Promise.withResolvers();
    socket.write(request);
    return waiting.promise;
  };
}

function isWhole(answer: string): boolean {
  const headEnd = answer.indexOf('\r\n\r\n');
  if (headEnd === -1) return false;
  const length = /\r\ncontent-length: *(\d+)/i.exec(answer);
  if (!length) return answer.endsWith('\r\n0\r\n\r\n');
  return answer.length >= headEnd + 4 + Number(length[1]);
}
