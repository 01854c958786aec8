import type { Tokens } from '@doorstep/kit/auth.ts';
import type { AxiosInstance } from 'axios';
import type { Daemon } from '../ports.ts';
import { asAxiosError, createHttpClient } from './http-client.ts';

/** A poll waits for the CRM, page after page. */
const timeoutMs = 600_000;
const tokenSeconds = 60;

/** The daemon that works on the ledger, through its operations port; every answer is undefined where none is there. */
export function connectDaemon(url: string | undefined, tokens: Tokens): Daemon {
  if (url === undefined) return { status: async () => undefined, poll: async () => undefined };
  const client = createHttpClient({
    // every address of a machine is one to listen on, but none to call
    baseUrl: url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:'),
    timeoutMs,
    connectionsMax: 1,
    token: () => tokens.sign({ subject: 'command line', role: 'admin' }, tokenSeconds),
  });
  return {
    status: () => ask(client, 'get', '/status'),
    poll: () => ask(client, 'post', '/poll'),
  };
}

/** Who listens there may have come after a daemon that was killed: only an answer of the right form is one. */
async function ask<T>(client: AxiosInstance, method: 'get' | 'post', path: string): Promise<T | undefined> {
  try {
    const { data } = await client.request<T>({ method, url: path });
    return typeof data === 'object' && data !== null ? data : undefined;
  } catch (error) {
    asAxiosError(error);
    return undefined;
  }
}
