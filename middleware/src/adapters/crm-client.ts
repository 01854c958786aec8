import type { AxiosError, AxiosInstance } from 'axios';
import type { SeenCustomer } from '../delivery.ts';
import type { CustomerPage, CustomerSource } from '../ports.ts';
import { asAxiosError, describe, isRetryableStatus, storable } from './http-client.ts';

const settings = { token: 'CRM_TOKEN', url: 'CRM_SERVICE_URL' };

/** A poll comes every few seconds anyway, so a blip is given one more try and no more. */
const quickRetry = { retries: 1, retryDelay: () => 200, retryCondition: isBlip };

/** The CRM as a source of customers. */
export function crmClient(client: AxiosInstance, pageSize: number): CustomerSource {
  return {
    async fetchPage(after) {
      try {
        const response = await client.get('/customers', {
          params: { after, limit: pageSize },
          'axios-retry': quickRetry,
        });
        if (!Array.isArray(response.data)) return unavailable('CRM answered with something that is not a list');
        const hasNext = /rel="?next"?/.test(String(response.headers['link'] ?? ''));
        return toPage(response.data, hasNext || response.data.length >= pageSize);
      } catch (error) {
        return unavailable(describe('CRM', asAxiosError(error), settings));
      }
    },

    async report(results) {
      try {
        await client.put('/customers/integration', { results });
        return 'accepted';
      } catch (error) {
        const failure = asAxiosError(error);
        if ([404, 405, 501].includes(failure.response?.status ?? 0)) return 'unsupported';
        return { reason: describe('CRM', failure, settings) };
      }
    },
  };
}

function unavailable(reason: string) {
  return { kind: 'unavailable', reason } as const;
}

function isBlip(error: AxiosError): boolean {
  return !error.response || isRetryableStatus(error.response.status);
}

function toPage(entries: unknown[], more: boolean): CustomerPage {
  const customers = entries.flatMap((entry) => toCustomer(entry) ?? []);
  customers.sort((a, b) => a.id - b.id);
  return { kind: 'page', customers, more, unusable: entries.length - customers.length };
}

const nameMax = 1000;

/** Undefined without a usable id. Any other oddity is for the Inventory to judge, customer by customer. */
function toCustomer(entry: unknown): SeenCustomer | undefined {
  const { id: givenId, name, created_at } = (entry ?? {}) as Record<string, unknown>;
  const id = typeof givenId === 'string' && /^\d+$/.test(givenId) ? Number(givenId) : givenId;
  if (!Number.isSafeInteger(id) || (id as number) < 1) return undefined;
  const createdAt = typeof created_at === 'string' ? new Date(created_at) : undefined;
  return {
    id: id as number,
    name: typeof name === 'string' ? storable(name, nameMax) : '',
    createdAt: createdAt && !Number.isNaN(createdAt.getTime()) ? createdAt.toISOString() : undefined,
  };
}
