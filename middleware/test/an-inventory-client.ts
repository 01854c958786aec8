import { createHttpClient } from '@doorstep/kit/client/http-client.ts';
import nock from 'nock';
import { isUsable } from '../src/adapters/inventory-answers.ts';
import { inventoryClient } from '../src/adapters/inventory-client.ts';
import type { Idempotency } from '../src/ports.ts';

export const baseUrl = 'http://inventory.test';
export const request = { customerId: 7, customerName: 'Luís', idempotencyKey: 'welcome-7' };
export const existing = { id: 12, customerId: 7, packageType: 'welcome_pack_v1' };

type ClientOptions = { timeoutMs?: number; idempotency?: Idempotency | undefined };

export function client(retriesMax = 0, { timeoutMs = 2_000, ...given }: ClientOptions = {}) {
  const idempotency = 'idempotency' in given ? given.idempotency : 'permanent';
  const quickRetries: string[] = [];
  const http = createHttpClient({ baseUrl, timeoutMs, connectionsMax: 4, token: async () => 'secret-token', isUsable });
  const target = inventoryClient(http, {
    packageType: 'welcome_pack_v1',
    idempotency: async () => idempotency,
    retriesMax,
    firstWaitMs: 1,
    random: () => 0.5,
    onQuickRetry(_who, reason, waitMs) {
      quickRetries.push(`${reason}; ${waitMs} ms`);
    },
  });
  const create = (wanted: typeof request) => target.create(wanted, { quickRetries: true });
  return { ...target, create, quickRetries };
}

export const post = () => nock(baseUrl).post('/packages');
export const lookUp = () => nock(baseUrl).get('/packages').query({ customerId: 7 });
