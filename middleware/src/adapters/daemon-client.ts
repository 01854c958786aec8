import type { Tokens } from '@doorstep/kit/auth/tokens.ts';
import { asAxiosError, createHttpClient } from '@doorstep/kit/client/http-client.ts';
import { type Daemon, type DaemonStatus, operatorRole, type PollAnswer } from '../ports.ts';

const shortTimeoutMs = 5_000;
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
  /**
   * Who listens there may have come after a daemon that was killed: only an answer of the right form is one, and the
   * token is good for nothing but a daemon's operations.
   */
  async function ask<T extends object>(method: 'get' | 'post', path: string, timeoutMs: number, field: keyof T) {
    if (url === undefined) return undefined;
    const client = createHttpClient({
      // every address of a machine is one to listen on, but none to call
      baseUrl: url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:'),
      timeoutMs,
      connectionsMax: 1,
      token: () => tokens.sign({ subject: 'command line', role: operatorRole }, tokenSeconds),
    });
    try {
      const { data } = await client.request<T>({ method, url: path, headers: { Host: hostName } });
      return typeof data === 'object' && data !== null && Object.hasOwn(data, field) ? data : undefined;
    } catch (error) {
      asAxiosError(error);
      return undefined;
    }
  }

  return {
    status: () => ask<DaemonStatus>('get', '/status', shortTimeoutMs, 'breaker'),
    poll: () => ask<PollAnswer>('post', '/poll', pollTimeoutMs, 'outcome'),
    async wake() {
      await ask<PollAnswer>('post', '/poll', shortTimeoutMs, 'outcome');
    },
  };
}
