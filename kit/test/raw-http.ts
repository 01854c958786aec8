import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Answer } from './call.ts';
import { patienceMs } from './patience.ts';

/** Opens a connection for raw bytes. */
export async function open({ url }: { url: string }): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).setEncoding('latin1');
  await once(socket, 'connect');
  return socket.setTimeout(patienceMs(), () =>
    socket.destroy(new Error('the connection was neither answered nor closed')),
  );
}

/** Sends raw bytes. Returns all answers until the connection ends. */
export async function exchange(service: { url: string }, bytes: string): Promise<Answer[]> {
  const socket = await open(service);
  socket.write(bytes, 'latin1');
  return answersIn(await text(socket));
}

/** Parses the answers by their Content-Length. */
export function answersIn(bytes: string): Answer[] {
  if (bytes === '') return [];
  const headEnd = bytes.indexOf('\r\n\r\n');
  const [line = '', ...lines] = bytes.slice(0, headEnd).split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(line)?.[1]);
  if (headEnd < 0 || !status) throw new Error(`no answer begins with ${JSON.stringify(bytes.slice(0, 100))}`);
  const headers = new Headers(lines.map((header) => header.split(/: ?(.*)/, 2) as [string, string]));
  const bodyEnd = headEnd + 4 + Number(headers.get('Content-Length') ?? 0);
  const body = bytes.slice(headEnd + 4, bodyEnd);
  const isJson = /json/.test(headers.get('Content-Type') ?? '');
  return [{ status, headers, body: isJson ? JSON.parse(body) : body }, ...answersIn(bytes.slice(bodyEnd))];
}
