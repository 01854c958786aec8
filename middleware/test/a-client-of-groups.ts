import { createHttpClient } from '@doorstep/kit/client/http-client.ts';
import nock from 'nock';
import { isUsable } from '../src/adapters/inventory-answers.ts';
import { inventoryClient } from '../src/adapters/inventory-client.ts';
import { baseUrl } from './an-inventory-client.ts';

export const packageType = 'welcome_pack_v1';

export function client({ retriesMax = 0, timeoutMs = 2_000 } = {}) {
  const quickRetries: string[] = [];
  const http = createHttpClient({ baseUrl, timeoutMs, connectionsMax: 4, token: async () => 'secret-token', isUsable });
  const target = inventoryClient(http, {
    packageType,
    idempotency: async () => 'permanent',
    retriesMax,
    firstWaitMs: 1,
    random: () => 0.5,
    onQuickRetry: (who, reason, waitMs) => quickRetries.push(`${who}: ${reason}; ${waitMs} ms`),
  });
  return { ...target, quickRetries };
}

export const list = (query: Record<string, string | number>) => nock(baseUrl).get('/packages').query(query);
export const aPackage = (id: number | string, customerId: number | string) => ({ id, customerId, packageType });
