import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import type { LowStock } from '../src/stock-news.ts';

/** The fault of a message, instead of a 204. */
export type Fault =
  | 'no answer'
  | 'reset'
  | 'reply lost'
  | { status: number; headers?: Record<string, string>; body?: string };

export type Told = {
  id: string;
  /** In seconds, as sent. */
  timestamp: number;
  body: string;
  headers: IncomingMessage['headers'];
  content: { type: string; timestamp: string; data: LowStock };
};

export type WebhookReceiver = AsyncDisposable & {
  settings: { LOW_STOCK_WEBHOOK_URL: string; LOW_STOCK_WEBHOOK_SECRET: string };
  /** The secret parts of the URL and the signing secret, which must not leak. */
  secrets: string[];
  /** The messages that arrived, in order, accepted or not. */
  tried: Told[];
  /** The accepted messages, even if the reply was lost. */
  taken: Told[];
  /** Everything else: a wrong path or method, or an invalid signature. */
  strays: string[];
  /** Decides the fault of each message before it is accepted. */
  onMessage: (told: Told) => Fault | undefined | Promise<Fault | undefined>;
  /** Ends every connection and accepts no new one, like a receiver that is down. */
  refuse(): Promise<void>;
  accept(): Promise<void>;
};

const path = '/hooks/T0KEN-0F-THE-PATH/?key=t0ken%20of%2Fthe+query';
// not valid text in any encoding
const key = Buffer.alloc(32, 0xfb).toString('base64');
const webhook = new Webhook(`whsec_${key}`);

/** Accepts low-stock alerts unless `onMessage` gives a fault. An independent package verifies their signatures. */
export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const server = createServer(async (request, reply) => {
    const told = verified(request, await text(request));
    if (!told) {
      receiver.strays.push(`${request.method} ${request.url}`);
      return answer(reply, { status: 401 });
    }
    receiver.tried.push(told);
    const fault = await receiver.onMessage(told);
    if (fault === undefined || fault === 'reply lost' || is2xx(fault)) receiver.taken.push(told);
    return answer(reply, fault);
  });
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const refuse = async () => {
    server.closeAllConnections();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  const port = await listen(0);
  const receiver: WebhookReceiver = {
    settings: { LOW_STOCK_WEBHOOK_URL: `http://127.0.0.1:${port}${path}`, LOW_STOCK_WEBHOOK_SECRET: `whsec_${key}` },
    secrets: ['hooks', 'T0KEN-0F-THE-PATH', 't0ken', key.slice(0, 10)],
    tried: [],
    taken: [],
    strays: [],
    onMessage: () => undefined,
    refuse,
    accept: async () => {
      if (!server.listening) await listen(port);
    },
    [Symbol.asyncDispose]: refuse,
  };
  return receiver;
}

function verified({ method, url, headers }: IncomingMessage, body: string): Told | undefined {
  if (method !== 'POST' || url !== path) return undefined;
  try {
    const content = webhook.verify(body, headers as Record<string, string>) as Told['content'];
    return { id: `${headers['webhook-id']}`, timestamp: Number(headers['webhook-timestamp']), body, headers, content };
  } catch {
    return undefined;
  }
}

function is2xx(fault: Fault): boolean {
  return typeof fault === 'object' && fault.status < 300;
}

function answer(reply: ServerResponse, fault: Fault | undefined): void {
  if (fault === 'no answer') return;
  if (typeof fault === 'string') reply.destroy();
  else reply.writeHead(fault?.status ?? 204, fault?.headers).end(fault?.body);
}
