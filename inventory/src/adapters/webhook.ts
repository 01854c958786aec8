import { createHmac } from 'node:crypto';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { wordsOf } from '@doorstep/kit/client/answer-words.ts';
import { describe } from '@doorstep/kit/client/describe.ts';
import { asAxiosError, createHttpClient, isRetryableStatus, retryAfterMs } from '@doorstep/kit/client/http-client.ts';
import { isFromProxy } from '@doorstep/kit/client/proxy-answers.ts';
import type { Clock } from '@doorstep/kit/clock.ts';
import type { ProxySettings } from '@doorstep/kit/process/proxy-settings.ts';
import type { AxiosError } from 'axios';
import type { WebhookSettings } from '../config.ts';
import type { AlertTarget, Message, Refusal } from '../ports.ts';

const timeoutMs = 10_000;
const answerBytesMax = 64 * 1024;
const afterMsMax = 3_600_000;

/** Standard Webhooks. https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
export function webhookTarget({ url, key }: WebhookSettings, clock: Clock, proxies?: ProxySettings): AlertTarget {
  const client = createHttpClient({ baseUrl: url, timeoutMs, connectionsMax: 1, answerBytesMax, proxies });
  const secrets = secretsIn({ url, key });
  return {
    async send(message, stop) {
      const headers = { 'Content-Type': 'application/json', ...signatureHeaders(message, key, clock.now()) };
      try {
        // axios must not serialize the body again: the signature covers these bytes
        await client.post('', message.body, { headers, signal: stop, transformRequest: (body) => body });
        return undefined;
      } catch (error) {
        const failure = asAxiosError(error);
        return hasArrived(failure) ? undefined : refusalOf(failure, secrets);
      }
    },
  };
}

/** `now`: the time of this attempt; it lets a receiver reject a message that an attacker replays later. */
function signatureHeaders({ id, body }: Message, key: Buffer, now: Date): Record<string, string> {
  const timestamp = String(Math.floor(now.getTime() / 1000));
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}

/** A 2xx status means delivered, even if the body is too long, too slow or cut off. */
function hasArrived({ request }: AxiosError): boolean {
  const status = (request as (ClientRequest & { res?: IncomingMessage }) | undefined)?.res?.statusCode ?? 0;
  return status >= 200 && status < 300;
}

/** A receiver that is unreachable, or rejects its caller, would fail every message. */
function refusalOf(error: AxiosError, secrets: string[]): Refusal {
  const { response } = error;
  if (!response || isFromProxy(response)) return { reason: describe('the webhook', error, settings), isForAll: true };
  const { status } = response;
  const words = wordsOf(response, secrets);
  const isForAll = isRetryableStatus(status) || [401, 403, 404, 405, 410].includes(status) || status < 400;
  const asked = retryAfterMs(error);
  const afterMs = asked === undefined ? undefined : Math.min(asked, afterMsMax);
  return {
    reason: `the webhook answered ${status}${words === undefined ? '' : `: ${words}`}${hintOf(status)}`,
    isForAll,
    afterMs,
  };
}

/** The address authenticates the caller, so an answer must not bring any part of it into the log. */
function secretsIn({ url, key }: WebhookSettings): string[] {
  const { origin, host, pathname, search, searchParams } = new URL(url);
  const base64 = key.toString('base64');
  const parts = [pathname, search, ...pathname.split('/'), ...searchParams.values()];
  return [url, origin, host, ...parts, `whsec_${base64}`, base64];
}

const settings = { url: 'LOW_STOCK_WEBHOOK_URL' };

function hintOf(status: number): string {
  if (status === 401 || status === 403) return ' (does it use the same LOW_STOCK_WEBHOOK_SECRET?)';
  if (status === 404 || status === 405 || status === 410 || status < 400) return ` (is ${settings.url} right?)`;
  return '';
}
