import {
  asAxiosError,
  blipRetry,
  describe,
  hasNextPage,
  isRouteAbsent,
  storable,
} from '@doorstep/kit/client/http-client.ts';
import type { AxiosError, AxiosInstance } from 'axios';
import { namelessReason, type SeenCustomer, type UnusableEntry } from '../delivery.ts';
import type { CustomerPage, CustomerSource, NoPage } from '../ports.ts';

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
        return { reason: crmReasonOf(failure) };
      }
    },

    async reportProgress(progress) {
      const results = progress.map((one) => ({ ...one, state: 'pending', package_id: null }));
      try {
        await client.put('/customers/integration', { results });
        return 'accepted';
      } catch (error) {
        const status = asAxiosError(error).response?.status;
        return status === 400 || status === 422 ? 'refused' : 'failed';
      }
    },
  };
}

/** Why a call to the CRM failed. */
export function crmReasonOf(error: AxiosError): string {
  return describe('CRM', error, settings);
}

/** A CRM that fails on one customer answers 500 to every page that holds that customer. */
function toNoPage(error: AxiosError): NoPage {
  const kind = error.response?.status === 500 ? 'unreadable' : 'unavailable';
  return { kind, reason: crmReasonOf(error) };
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

const nameMax = 1000;
/** The cursor moves past every id that it sees, so an absurdly high one would hide all later customers. */
const idMax = 2 ** 52;

/** Returns undefined without a usable id. Any other defect is left to the Inventory, customer by customer. */
function toCustomer(entry: unknown): SeenCustomer | undefined {
  const { id: givenId, name, created_at } = (entry ?? {}) as Record<string, unknown>;
  const id = typeof givenId === 'string' && /^\d+$/.test(givenId) ? Number(givenId) : givenId;
  if (!Number.isSafeInteger(id) || (id as number) < 1 || (id as number) > idMax) return undefined;
  const isNamed = typeof name === 'string' && name.trim() !== '';
  return {
    id: id as number,
    name: isNamed ? storable(name, nameMax) : '',
    createdAt: toTimestamp(created_at),
    ...(!isNamed && { fault: withoutName(entry) }),
  };
}

const fieldsMax = 200;

/** A CRM may have the name in another field, so it says which there are. */
function withoutName(entry: unknown): string {
  const { name, ...others } = entry as Record<string, unknown>;
  const given = name === undefined ? '' : `; its \`name\` is ${JSON.stringify(name)?.slice(0, 50)}`;
  const fields = Object.keys(others).join(', ').slice(0, fieldsMax);
  return storable(`${namelessReason}: expected is a text \`name\`; the record has ${fields}${given}`, 2 * fieldsMax);
}

/** ISO 8601; undefined for an invalid time, or a year that PostgreSQL does not read in that form. */
function toTimestamp(text: unknown): string | undefined {
  const time = typeof text === 'string' ? new Date(text) : undefined;
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
