import { createHmac } from 'node:crypto';
import type { ClientRequest, IncomingMessage } from 'node:http';
import {
  asAxiosError,
  createHttpClient,
  describe,
  isRetryableStatus,
  retryAfterMs,
} from '@doorstep/kit/client/http-client.ts';
import type { Clock } from '@doorstep/kit/clock.ts';
import type { AxiosError } from 'axios';
import type { WebhookSettings } from '../config.ts';
import type { AlertTarget, Message, Refusal } from '../ports.ts';

const timeoutMs = 10_000;
const answerBytesMax = 64 * 1024;
const afterMsMax = 3_600_000;

/** Standard Webhooks. https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
export function webhookTarget({ url, key }: WebhookSettings, clock: Clock): AlertTarget {
  const client = createHttpClient({ baseUrl: url, timeoutMs, connectionsMax: 1, answerBytesMax });
  return {
    async send(message, stop) {
      const headers = { 'Content-Type': 'application/json', ...signatureHeaders(message, key, clock.now()) };
      try {
        // axios must not serialize the body again: the signature covers these bytes
        await client.post('', message.body, { headers, signal: stop, transformRequest: (body) => body });
        return undefined;
      } catch (error) {
        const failure = asAxiosError(error);
        return hasArrived(failure) ? undefined : refusalOf(failure);
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
function refusalOf(error: AxiosError): Refusal {
  const { response } = error;
  if (!response) return { reason: describe('the webhook', error, settings), isForAll: true };
  const { status } = response;
  const isForAll = isRetryableStatus(status) || [401, 403, 404, 405, 410].includes(status) || status < 400;
  const asked = retryAfterMs(error);
  const afterMs = asked === undefined ? undefined : Math.min(asked, afterMsMax);
  return { reason: `the webhook answered ${status}${hintOf(status)}`, isForAll, afterMs };
}

const settings = { url: 'LOW_STOCK_WEBHOOK_URL' };

function hintOf(status: number): string {
  if (status === 401 || status === 403) return ' (does it use the same LOW_STOCK_WEBHOOK_SECRET?)';
  if (status === 404 || status === 405 || status === 410 || status < 400) return ` (is ${settings.url} right?)`;
  return '';
}
