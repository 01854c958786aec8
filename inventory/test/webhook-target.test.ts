import { systemClock } from '@doorstep/kit/clock.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { webhookTarget } from '../src/adapters/webhook.ts';
import { readInventoryConfig } from '../src/config.ts';
import type { AlertTarget, Message } from '../src/ports.ts';
import { type Fault, startWebhookReceiver, type WebhookReceiver } from './a-webhook-receiver.ts';

const message = { id: 'msg_1', body: '{"name":"Zoë"}' };

const isUrlRight = ' (is LOW_STOCK_WEBHOOK_URL right?)';
const isSecretSame = ' (does it use the same LOW_STOCK_WEBHOOK_SECRET?)';

describe('a message to the webhook', () => {
  let receiver: WebhookReceiver;
  const neverStopped = new AbortController().signal;
  let target: AlertTarget;
  beforeAll(async () => {
    receiver = await startWebhookReceiver();
    const { webhook } = readInventoryConfig(receiver.settings);
    if (!webhook) throw new Error('the settings name no webhook');
    target = webhookTarget(webhook, systemClock);
  });
  afterAll(() => receiver[Symbol.asyncDispose]());

  const sendInto = (fault: Fault | undefined) => {
    receiver.onMessage = () => fault;
    return target.send(message, neverStopped);
  };

  it.each([200, 201, 202, 204])('is delivered if the response is %i', async (status) => {
    expect(await sendInto({ status, ...(status !== 204 && { body: 'as you like' }) })).toBeUndefined();

    const { id, body } = receiver.taken.at(-1) as Message;
    expect({ id, body }).toEqual(message);
  });

  it('is delivered if the status says so, whatever happens to the body', async () => {
    expect(await sendInto({ status: 200, body: 'x'.repeat(200_000) })).toBeUndefined();
    expect(await sendInto({ status: 200, headers: { 'Content-Length': '10' }, body: 'cut' })).toBeUndefined();
  });

  it.each([301, 302, 303, 307, 308])('does not follow a redirect with %i', async (status) => {
    const refusal = await sendInto({ status, headers: { Location: '/elsewhere' } });

    expect(refusal).toEqual({ reason: `the webhook answered ${status}${isUrlRight}`, isForAll: true });
    expect(receiver.strays).toEqual([]);
  });

  const sendIntoTelling = (status: number) => {
    const { LOW_STOCK_WEBHOOK_URL: url, LOW_STOCK_WEBHOOK_SECRET: secret } = receiver.settings;
    const headers = { 'Content-Type': 'application/json', Location: url };
    return sendInto({ status, headers, body: JSON.stringify({ detail: `${url} ${secret}`, error: url }) });
  };

  it.each([400, 409, 413, 422])('alone is rejected if the response is %i', async (status) => {
    expect(await sendIntoTelling(status)).toEqual({ reason: `the webhook answered ${status}: … …`, isForAll: false });
  });

  it.each([
    ...[408, 425, 429, 500, 503].map((status) => [status, ''] as const),
    ...[401, 403].map((status) => [status, isSecretSame] as const),
    ...[404, 405, 410].map((status) => [status, isUrlRight] as const),
  ])('is rejected like any other if the response is %i%s', async (status, hint) => {
    const reason = `the webhook answered ${status}: … …${hint}`;
    expect(await sendIntoTelling(status)).toEqual({ reason, isForAll: true });
  });

  it('waits as long as Retry-After says', async () => {
    const [seconds, moment] = ['7', new Date(Date.now() + 1_800_000).toUTCString()];

    expect(await sendInto({ status: 429, headers: { 'Retry-After': seconds } })).toMatchObject({ afterMs: 7_000 });
    const refusal = await sendInto({ status: 400, headers: { 'Retry-After': moment } });
    expect(refusal?.afterMs).toBeGreaterThan(1_200_000);
    expect(refusal?.afterMs).toBeLessThanOrEqual(1_800_000);
  });

  it('counts as not delivered if no response came', async () => {
    const reset = { reason: 'the webhook cannot be reached (ECONNRESET)', isForAll: true };

    expect(await sendInto('reset')).toEqual(reset);
    expect(await sendInto('reply lost')).toEqual(reset);
    await receiver.refuse();
    expect(await sendInto(undefined)).toEqual({
      reason: 'the webhook cannot be reached (ECONNREFUSED)',
      isForAll: true,
    });
    await receiver.accept();
  });
});
