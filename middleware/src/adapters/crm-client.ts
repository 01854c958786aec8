import { describe } from '@doorstep/kit/client/describe.ts';
import { asAxiosError, blipRetry, isRouteAbsent, storable } from '@doorstep/kit/client/http-client.ts';
import { describeProxy, isFromProxy } from '@doorstep/kit/client/proxy-answers.ts';
import { readTime } from '@doorstep/kit/text/read-time.ts';
import type { AxiosError, AxiosInstance } from 'axios';
import { hasNumber, inIdOrder, isText, toCustomerKey } from '../customer-key.ts';
import { type CustomerKey, namelessReason, type SeenCustomer, type UnusableEntry } from '../delivery.ts';
import type { CustomerPage, CustomerSource, NoPage } from '../ports.ts';
import { fitName } from './fit-name.ts';
import { type List, readList } from './read-list.ts';
import { createReadOn } from './read-on.ts';

const settings = { token: 'CRM_TOKEN', url: 'CRM_SERVICE_URL' };

export function crmClient(client: AxiosInstance, pageSize: number): CustomerSource {
  async function fetchList(url: string, params: Params = {}): Promise<CustomerPage | NoPage> {
    try {
      const response = await client.get(url, { params, 'axios-retry': blipRetry });
      const list = readList(response);
      if (list.kind === 'list') return toPage(list, params.limit ?? pageSize);
      const proxy = describeProxy('CRM', { config: response.config, response });
      if (proxy !== undefined) return { kind: 'unavailable', reason: proxy };
      return { kind: 'unreadable', reason: `CRM answered with something that is not a list: ${list.seen}` };
    } catch (error) {
      const failure = asAxiosError(error);
      const isBeyondEnd = params.page !== undefined && noSuchPage.includes(failure.response?.status ?? 0);
      return isBeyondEnd ? toPage(emptyList, pageSize) : toNoPage(failure);
    }
  }

  return {
    pageSize,
    fetchPage: (after, limit = pageSize) => fetchList('/customers', { after, limit }),
    fetchRest: createReadOn({
      follow: (url) => fetchList(url),
      fetchNumbered: (page) => fetchList('/customers', { after: 0, limit: pageSize, page }),
    }),

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

type Params = { after?: CustomerKey; limit?: number; page?: number };

/** Statuses for a page number beyond the end, or one that is not understood. */
const noSuchPage = [400, 403, 404, 405, 410, 416, 422];
const emptyList: List = {
  kind: 'list',
  entries: [],
  total: undefined,
  saysMore: false,
  next: undefined,
  number: undefined,
};

/** Why a call to the CRM failed. */
export function crmReasonOf(error: AxiosError): string {
  return describe('CRM', error, settings);
}

/** A CRM that fails on one customer answers 500 to every page that holds that customer. */
function toNoPage(error: AxiosError): NoPage {
  const kind = error.response?.status === 500 && !isFromProxy(error.response) ? 'unreadable' : 'unavailable';
  return { kind, reason: crmReasonOf(error) };
}

/** Limits memory: a list may hold any number of entries without a usable id. */
const unusableMax = 1000;

function toPage({ entries, total, saysMore, next, number }: List, limit: number): CustomerPage {
  const customers: SeenCustomer[] = [];
  const unusable: UnusableEntry[] = [];
  for (const entry of entries) {
    const customer = toCustomer(entry);
    if (customer) customers.push(customer);
    else if (unusable.length < unusableMax) unusable.push(toUnusable(entry));
  }
  const lastListed = customers.some(({ id }) => isText(id)) ? customers.at(-1)?.id : undefined;
  const more = saysMore || entries.length >= limit;
  const paging = { saysMore, next, number };
  return {
    kind: 'page',
    customers: inIdOrder(customers),
    ...(lastListed !== undefined && { lastListed }),
    ...(isOutOfOrder(customers) && { isOutOfOrder: true }),
    more,
    length: entries.length,
    unusable,
    total,
    paging,
  };
}

/** Text ids have no order but that of the list. */
function isOutOfOrder(customers: SeenCustomer[]): boolean {
  const ids = customers.filter(hasNumber).map(({ id }) => id);
  return ids.length === customers.length && ids.some((id, index) => index > 0 && id < (ids[index - 1] as number));
}

/** Returns undefined without a usable id. */
function toCustomer(entry: unknown): SeenCustomer | undefined {
  const { id: givenId, name, created_at } = (entry ?? {}) as Record<string, unknown>;
  const id = toCustomerKey(givenId);
  if (id === undefined) return undefined;
  const fitting = fitName(name);
  return {
    id,
    name: fitting ?? '',
    createdAt: toTimestamp(created_at),
    ...(fitting === undefined && { fault: withoutName(entry) }),
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
    reason: `an entry with ${given}; an id is a positive integer or a text of 1 to 100 visible characters`,
  };
}
