import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { within } from './eventually.ts';

export type Answer = {
  status: number;
  headers: Headers;
  /** Parsed if it is JSON, else the text. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers of every shape
  body: any;
};

type CallOptions = { body?: unknown; headers?: Record<string, string> };

/** `fetch` takes three times as much processor time as the service takes to answer. */
const agent = new Agent({ keepAlive: true });

/** One HTTP call to a service under test; a `body` is sent as JSON. A GET goes on to where it is redirected. */
export async function call(service: { url: string }, request: string, options: CallOptions = {}): Promise<Answer> {
  const [method = 'GET', path = '/'] = request.split(' ');
  const { body, headers = {} } = options;
  const { hostname, port, pathname, search } = new URL(service.url + path);
  const outgoing = httpRequest({
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port,
    path: pathname + search,
    method,
    agent,
    headers: { ...(body !== undefined && { 'Content-Type': 'application/json' }), ...headers },
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) =>
    outgoing.on('response', resolve).on('error', (cause) => reject(new Error(`no answer to ${request}`, { cause }))),
  );
  outgoing.end(typeof body === 'string' ? body : JSON.stringify(body));
  const answer = await within(`the answer to ${request}`, answered.then(readAnswer));
  const location = answer.headers.get('Location');
  const isRedirected = method === 'GET' && answer.status >= 300 && answer.status < 400 && location !== null;
  return isRedirected ? call(service, `GET ${location}`, options) : answer;
}

export async function readAnswer(incoming: IncomingMessage): Promise<Answer> {
  const lines = Object.entries(incoming.headers).map(([name, value]): [string, string] => [name, String(value)]);
  const headers = new Headers(lines);
  const content = await text(incoming);
  const isJson = /json/.test(headers.get('Content-Type') ?? '');
  return { status: incoming.statusCode ?? 0, headers, body: isJson ? JSON.parse(content) : content };
}
