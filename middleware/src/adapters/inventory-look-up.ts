import { asAxiosError, blipRetry, isTooLarge } from '@doorstep/kit/client/http-client.ts';
import type { AxiosInstance } from 'axios';
import type { IAxiosRetryConfig } from 'axios-retry';
import { toCustomerKey } from '../customer-key.ts';
import type { CustomerKey, PackageId, Retry } from '../delivery.ts';
import type { PackageTarget } from '../ports.ts';
import { packageIdOf, toRetry } from './inventory-answers.ts';
import { readList } from './read-list.ts';

const pageSize = 1000;
/** Large enough for the whole list of an Inventory without filters, but not for an endless answer. */
const listBytesMax = 16 * 1024 * 1024;

/** How far an Inventory is read that pages but ignores the filter. */
const pagesMax = 100;

/** Statuses of an Inventory that has no look-up, or none for us. */
const cannotBeAsked = [301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 414, 422, 501];

export function inventoryLookUp(
  client: AxiosInstance,
  packageType: string,
): Pick<PackageTarget, 'find' | 'findMany' | 'fetchPackages'> {
  async function ask(params: Record<string, string | number>, retry?: IAxiosRetryConfig) {
    try {
      const options = { params, maxContentLength: listBytesMax, ...(retry && { 'axios-retry': retry }) };
      const list = readList(await client.get('/packages', options));
      if (list.kind === 'list') {
        return { kind: 'list', entries: list.entries.map(toEntry), more: list.saysMore } as const;
      }
      return { kind: 'unknown', reason: `the Inventory shows no list of packages: ${list.seen}` } as const;
    } catch (error) {
      const failure = asAxiosError(error);
      const isUnanswerable = cannotBeAsked.includes(failure.response?.status ?? 0) || isTooLarge(failure);
      const outcome = toRetry(failure);
      if (isUnanswerable) return { kind: 'unknown', reason: outcome.reason } as const;
      return { ...outcome, inDoubt: true } satisfies Retry;
    }
  }

  const isOfOurType = ({ packageType: type }: Entry) => type === undefined || type === packageType;

  return {
    async find(customerId, witnesses = []) {
      const unseen = new Set<CustomerKey | undefined>(witnesses);
      let isFiltered = true;
      for (let after = 0, pages = 0; pages < pagesMax; pages += 1) {
        const answer = await ask(after === 0 ? { customerId } : { customerId, after });
        if (answer.kind === 'retry') return answer;
        if (answer.kind === 'unknown') return { kind: 'unknown' };
        const match = answer.entries.find((entry) => entry.customerId === customerId && isOfOurType(entry));
        if (match?.id !== undefined) return { kind: 'found', packageId: match.id };
        for (const entry of answer.entries) {
          isFiltered &&= entry.customerId === customerId;
          unseen.delete(entry.customerId);
        }
        const isWhole = isFiltered || (witnesses.length > 0 && unseen.size === 0);
        if (!answer.more) return { kind: isWhole ? 'none' : 'unknown' };
        const next = toPage(answer, after)?.next;
        if (next === undefined) break;
        after = next;
      }
      return { kind: 'unknown' };
    },

    async findMany(customerIds, [first, last]) {
      // a comma would separate two customers
      if ([first, ...customerIds, last].some((id) => String(id).includes(','))) return { kind: 'unsupported' };
      const answer = await ask({ customerId: [first, ...customerIds, last].join(), limit: pageSize });
      if (answer.kind === 'unknown') return { kind: 'unsupported' };
      if (answer.kind === 'retry') return answer;
      const asked = new Set(customerIds);
      const unseen = new Set([first, last]);
      const packages = new Map<CustomerKey, PackageId>();
      for (const entry of answer.entries) {
        const { id, customerId } = entry;
        if (customerId === undefined || !(asked.has(customerId) || customerId === first || customerId === last)) {
          return { kind: 'unsupported' };
        }
        unseen.delete(customerId);
        if (id !== undefined && asked.has(customerId) && isOfOurType(entry)) packages.set(customerId, id);
      }
      return unseen.size === 0 && !answer.more ? { kind: 'found', packages } : { kind: 'unsupported' };
    },

    async fetchPackages(after) {
      const answer = await ask({ after, limit: pageSize }, blipRetry);
      if (answer.kind !== 'list') return { kind: 'unavailable', reason: answer.reason };
      const page = toPage(answer, after);
      if (!page) return { kind: 'unavailable', reason: 'the Inventory lists packages in pages without numbers' };
      if (answer.more && answer.entries.length > 0 && page.unseen.length === 0)
        return { kind: 'unavailable', reason: 'the Inventory shows only a part of its packages' };
      const packages = page.unseen.filter(isOfOurType).map(({ id, customerId }) => ({ id: id ?? '?', customerId }));
      return { kind: 'page', packages, next: page.next };
    },
  };
}

type List = { entries: Entry[]; more: boolean };
type Entry = { id: PackageId | undefined; customerId: CustomerKey | undefined; packageType: unknown };

/** Reads a package in either shape; its customer id may be text. */
function toEntry(entry: unknown): Entry {
  const given = (entry ?? {}) as Record<string, unknown>;
  return {
    id: packageIdOf(given),
    customerId: toCustomerKey(given['customerId'] ?? given['customer_id']),
    packageType: given['packageType'] ?? given['package_type'],
  };
}

/** An Inventory that ignores parameters repeats the entries up to `after`; that ends the list. */
function toPage({ entries, more }: List, after: number): { unseen: Entry[]; next: number | undefined } | undefined {
  const isNumbered = entries.every(({ id }) => typeof id === 'number');
  if (!isNumbered && more) return undefined;
  const unseen = entries.filter(({ id }) => typeof id !== 'number' || id > after);
  const last = unseen.reduce((highest, { id }) => (typeof id === 'number' && id > highest ? id : highest), after);
  const goesOn = isNumbered && last > after && (more || entries.length >= pageSize);
  return { unseen, next: goesOn ? last : undefined };
}
