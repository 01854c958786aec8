import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** What happens to a put instead of forwarding and answering it. */
export type Fault = 'away' | 'no answer' | 'reply lost' | { status: number; code?: string };

export type S3Front = AsyncDisposable & {
  url: string;
  /** The event ids of all puts, in order, whether stored or not. */
  tried: number[];
  /** The event ids that S3 has stored. */
  stored: number[];
  /** Decides about each put, by event id, before it is forwarded. */
  onPut: (id: number) => Promise<Fault | undefined>;
};

/** A proxy in front of an S3 server that forwards every request unless `onPut` returns a fault. */
export async function startS3Front({ url: target }: { url: string }): Promise<S3Front> {
  const server = createServer(async (incoming, reply) => {
    const id = eventIdOf(incoming);
    front.tried.push(id);
    const body = await buffer(incoming);
    const fault = await front.onPut(id);
    if (fault === 'no answer') return;
    if (fault === 'away') return reply.destroy();
    if (typeof fault === 'object') return refuse(reply, fault);
    const answer = await passOn(target, incoming, body).catch(() => undefined);
    if (answer?.status === 200) front.stored.push(id);
    if (!answer || fault === 'reply lost') return reply.destroy();
    reply.writeHead(answer.status, answer.headers).end(answer.body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const front: S3Front = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tried: [],
    stored: [],
    onPut: async () => undefined,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
  return front;
}

function eventIdOf({ url = '' }: IncomingMessage): number {
  return Number(/-(\d+)\.json/.exec(url)?.[1]);
}

function refuse(reply: ServerResponse, { status, code }: Exclude<Fault, string>) {
  const error = `<Error><Code>${code}</Code><Message>${code} it is</Message><RequestId>4711</RequestId></Error>`;
  const headers = { 'Content-Type': 'application/xml', ...(status === 200 && { ETag: '"stored"' }) };
  reply.writeHead(status, headers).end(code && error);
}

/** Forwards the request unchanged, because the signature covers the headers, including the host. */
async function passOn(target: string, { method, url, headers }: IncomingMessage, body: Buffer) {
  const outgoing = request(target + url, { method, headers });
  outgoing.end(body);
  const [response]: IncomingMessage[] = await once(outgoing, 'response');
  if (!response) throw new Error('no response');
  return { status: response.statusCode ?? 0, headers: response.headers, body: await buffer(response) };
}
