import type { Tokens } from '@doorstep/kit/auth/tokens.ts';
import { asAxiosError, createHttpClient } from '@doorstep/kit/client/http-client.ts';
import type { ProxySettings } from '@doorstep/kit/process/proxy-settings.ts';
import { type Daemon, type DaemonStatus, operatorRole, type PollAnswer } from '../ports.ts';

const shortTimeoutMs = 5_000;
/** A poll reads the CRM page after page. */
const pollTimeoutMs = 600_000;
const tokenSeconds = 60;

type Means = { proxies: ProxySettings; tokens: Tokens };

/** The daemon, through its operations port. Every answer is undefined if no daemon runs. */
export function connectDaemon(url: string | undefined, { tokens, proxies }: Means): Daemon {
  /**
   * Another program may listen on the port of a killed daemon: only an answer of the right form counts, and the token
   * is valid only for operations of a daemon.
   */
  async function ask<T extends object>(method: 'get' | 'post', path: string, timeoutMs: number, field: keyof T) {
    if (url === undefined) return undefined;
    const client = createHttpClient({
      // a daemon may listen on a wildcard address, but a client cannot call one
      baseUrl: url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:'),
      timeoutMs,
      connectionsMax: 1,
      proxies,
      token: () => tokens.sign({ subject: 'command line', role: operatorRole }, tokenSeconds),
    });
    try {
      const { data } = await client.request<T>({ method, url: path });
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
