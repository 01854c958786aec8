import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { json } from 'node:stream/consumers';
import { createTokens } from '@doorstep/kit/auth/tokens.ts';

export const secretKey = 'a key of no less than 32 bytes here';

type LoginAnswer = {
  status: number;
  headers: IncomingMessage['headers'];
  // biome-ignore lint/suspicious/noExplicitAny: a token, or a problem
  body: any;
};

let addresses = 0;

/** An unused loopback address, because the login limit counts per address. */
export function anotherAddress(): string {
  addresses += 1;
  return `127.0.${1 + Math.floor(addresses / 250)}.${1 + (addresses % 250)}`;
}

export async function logIn(
  service: { url: string },
  credentials: object,
  localAddress = anotherAddress(),
): Promise<LoginAnswer> {
  const headers = { 'Content-Type': 'application/json' };
  const asked = request(`${service.url}/v1/auth/login`, { method: 'POST', localAddress, headers, agent: false });
  asked.end(JSON.stringify(credentials));
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: await json(answer) };
}

export function bearer(token: string): { Authorization: string } {
  return { Authorization: `Bearer ${token}` };
}

/** The Authorization header of the first admin of a CRM with this key. */
export async function asAdmin(): Promise<{ Authorization: string }> {
  return bearer(await createTokens(secretKey).sign({ subject: 'admin', role: 'admin', version: 1 }, 86_400));
}
