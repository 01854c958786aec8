import type { Tokens } from '@doorstep/kit/auth.ts';
import type { Daemon } from '../ports.ts';
import { asAxiosError, createHttpClient } from './http-client.ts';

const statusTimeoutMs = 5_000;
/** A poll waits for the CRM, page after page. */
const pollTimeoutMs = 600_000;
const tokenSeconds = 60;

type Means = {
  tokens: Tokens;
  /** A name that the operations port answers to. */
  hostName: string;
};

/** The daemon that works on the ledger, through its operations port; every answer is undefined where none is there. */
export function connectDaemon(url: string | undefined, { tokens, hostName }: Means): Daemon {
  /** Who listens there may have come after a daemon that was killed: only an answer of the right form is one. */
  async function ask<T>(method: 'get' | 'post', path: string, timeoutMs: number): Promise<T | undefined> {
    if (url === undefined) return undefined;
    const client = createHttpClient({
      // every address of a machine is one to listen on, but none to call
      baseUrl: url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:'),
      timeoutMs,
      connectionsMax: 1,
      token: () => tokens.sign({ subject: 'command line', role: 'admin' }, tokenSeconds),
    });
    try {
      const { data } = await client.request<T>({ method, url: path, headers: { Host: hostName } });
      return typeof data === 'object' && data !== null ? data : undefined;
    } catch (error) {
      asAxiosError(error);
      return undefined;
    }
  }

  return {
    status: () => ask('get', '/status', statusTimeoutMs),
    poll: () => ask('post', '/poll', pollTimeoutMs),
  };
}
