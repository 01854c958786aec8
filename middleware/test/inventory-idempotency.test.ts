import { createHttpClient } from '@doorstep/kit/client/http-client.ts';
import nock from 'nock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inventoryIdempotency } from '../src/adapters/inventory-idempotency.ts';
import { baseUrl } from './an-inventory-client.ts';
import { fakeClock } from './fakes.ts';

beforeEach(() => nock.disableNetConnect());

afterEach(() => {
  nock.cleanAll();
  nock.enableNetConnect();
});

function asking(setting: 'auto' | 'permanent' | 'none' = 'auto') {
  const http = createHttpClient({ baseUrl, timeoutMs: 2_000, connectionsMax: 1 });
  const clock = fakeClock();
  const learned: string[] = [];
  const idempotency = inventoryIdempotency(http, { setting, clock, onLearned: (one) => void learned.push(one) });
  return { idempotency, clock, learned };
}

const root = () => nock(baseUrl).get('/');

describe('whether the Inventory refuses doubles for ever', () => {
  it.each(['permanent', 'none'] as const)('is not asked if it is set: %s', async (setting) => {
    expect(await asking(setting).idempotency()).toBe(setting);
  });

  it('is what the Inventory says, and is asked once', async () => {
    root().reply(200, { message: 'Doorstep inventory', idempotency: 'permanent' });
    const { idempotency, learned, clock } = asking();
    expect(await Promise.all([idempotency(), idempotency()])).toEqual(['permanent', 'permanent']);
    clock.advance(86_400_000);
    expect(await idempotency()).toBe('permanent');
    expect(learned).toEqual(['permanent']);
  });

  it.each<[string, number, unknown]>([
    ['another word', 200, { idempotency: 'a day' }],
    ['no word', 200, {}],
    ['a page', 200, '<html>idempotency permanent</html>'],
    ['no such route', 404, { idempotency: 'permanent' }],
  ])('is not taken for granted: %s', async (_name, status, body) => {
    root().reply(status, body as nock.Body);
    expect(await asking().idempotency()).toBe('none');
  });

  it('is asked again a minute later, because the Inventory may have been replaced', async () => {
    root().reply(404);
    const { idempotency, learned, clock } = asking();
    expect(await idempotency()).toBe('none');
    clock.advance(59_000);
    expect(await idempotency()).toBe('none');
    clock.advance(1_000);
    root().reply(200, { idempotency: 'permanent' });
    expect(await idempotency()).toBe('permanent');
    expect(learned).toEqual(['none', 'permanent']);
  });

  it('is unknown without an answer', async () => {
    root().reply(503);
    root().replyWithError(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
    const { idempotency, clock } = asking();
    expect(await idempotency()).toBeUndefined();
    expect(await idempotency()).toBeUndefined();
    clock.advance(5_000);
    expect(await idempotency()).toBeUndefined();
    expect(nock.pendingMocks()).toEqual([]);
  });
});
