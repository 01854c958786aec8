import { describe } from '@doorstep/kit/client/describe.ts';
import { asAxiosError, blipRetry, hasNextPage, isRouteAbsent, storable } from '@doorstep/kit/client/http-client.ts';
import { describeProxy, isFromProxy } from '@doorstep/kit/client/proxy-answers.ts';
import { readTime } from '@doorstep/kit/text/read-time.ts';
import type { AxiosError, AxiosInstance } from 'axios';
import type { SeenCustomer, UnusableEntry } from '../delivery.ts';
import type { CustomerPage, CustomerSource, NoPage } from '../ports.ts';
import { fitName } from './fit-name.ts';

const settings = { token: 'CRM_TOKEN', url: 'CRM_SERVICE_URL' };

export function crmClient(client: AxiosInstance, pageSize: number): CustomerSource {
  return {
    pageSize,

    async fetchPage(after, limit = pageSize) {
      try {
        const response = await client.get('/customers', { params: { after, limit }, 'axios-retry': blipRetry });
        if (Array.isArray(response.data)) {
          return toPage(response.data, hasNextPage(response) || response.data.length >= limit);
        }
        const proxy = describeProxy('CRM', { config: response.config, response });
        if (proxy !== undefined) return { kind: 'unavailable', reason: proxy };
        return { kind: 'unreadable', reason: 'CRM answered with something that is not a list' };
      } catch (error) {
        return toNoPage(asAxiosError(error));
      }
    },

    async report(results) {
      try {
        await client.put('/customers/integration', { results });
        return 'accepted';
      } catch (error) {
        const failure = asAxiosError(error);
        if (isRouteAbsent(failure)) return 'unsupported';
        return { reason: describe('CRM', failure, settings) };
      }
    },
  };
}

/** A CRM that fails on one customer answers 500 to every page that holds that customer. */
function toNoPage(error: AxiosError): NoPage {
  const kind = error.response?.status === 500 && !isFromProxy(error.response) ? 'unreadable' : 'unavailable';
  return { kind, reason: describe('CRM', error, settings) };
}

/** Limits memory: a list may hold any number of entries without a usable id. */
const unusableMax = 1000;

function toPage(entries: unknown[], more: boolean): CustomerPage {
  const customers: SeenCustomer[] = [];
  const unusable: UnusableEntry[] = [];
  for (const entry of entries) {
    const customer = toCustomer(entry);
    if (customer) customers.push(customer);
    else if (unusable.length < unusableMax) unusable.push(toUnusable(entry));
  }
  customers.sort((a, b) => a.id - b.id);
  return { kind: 'page', customers, more, length: entries.length, unusable };
}

/** The cursor moves past every id that it sees, so an absurdly high one would hide all later customers. */
const idMax = 2 ** 52;

/** Returns undefined without a usable id. */
function toCustomer(entry: unknown): SeenCustomer | undefined {
  const { id: givenId, name, created_at } = (entry ?? {}) as Record<string, unknown>;
  const id = typeof givenId === 'string' && /^\d+$/.test(givenId) ? Number(givenId) : givenId;
  if (!Number.isSafeInteger(id) || (id as number) < 1 || (id as number) > idMax) return undefined;
  const fitting = fitName(name);
  return {
    id: id as number,
    name: fitting ?? '',
    createdAt: toTimestamp(created_at),
    ...(fitting === undefined && { fault: 'the CRM shows no name for this customer' }),
  };
}

/** ISO 8601; undefined for an invalid time, or a year that PostgreSQL does not read in that form. */
function toTimestamp(text: unknown): string | undefined {
  const time = typeof text === 'string' ? readTime(text) : undefined;
  if (!time || Number.isNaN(time.getTime())) return undefined;
  const year = time.getUTCFullYear();
  return year >= 1 && year <= 9999 ? time.toISOString() : undefined;
}

const entryMax = 1000;

function toUnusable(entry: unknown): UnusableEntry {
  const { id } = (entry ?? {}) as { id?: unknown };
  const given = id === undefined ? 'no id' : `the id ${storable(JSON.stringify(id), 100)}`;
  return {
    entry: storable(JSON.stringify(entry), entryMax),
    reason: `an entry with ${given}; ids are positive integers`,
  };
}
