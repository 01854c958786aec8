import { asAxiosError, blipRetry, isTooLarge, storable } from '@doorstep/kit/client/http-client.ts';
import { describeProxy, isFromProxy } from '@doorstep/kit/client/proxy-answers.ts';
import type { AxiosInstance } from 'axios';
import type { IAxiosRetryConfig } from 'axios-retry';
import type { CustomerKey, PackageId, Retry } from '../delivery.ts';
import type { InventoryNames, Owner } from '../inventory-names.ts';
import type { FoundPackage, ListedPackage, PackageTarget } from '../ports.ts';
import { packageIdOf, toRetry, whatItBears } from './inventory-answers.ts';
import { readList } from './read-list.ts';

const pageSize = 1000;
/** Large enough for the whole list of an Inventory without filters, but not for an endless answer. */
const listBytesMax = 16 * 1024 * 1024;

/** How far an Inventory is read that pages but ignores the filter. */
const pagesMax = 100;

/** Statuses of an Inventory that has no look-up, or none for us. */
const cannotBeAsked = [301, 302, 303, 307, 308, 400, 404, 405, 414, 422, 501];
/** Statuses of an Inventory that wants another token. */
const forbidden = [401, 403];

export function inventoryLookUp(
  client: AxiosInstance,
  names: InventoryNames,
): Pick<PackageTarget, 'find' | 'findMany' | 'fetchPackages'> {
  const ask = question(client, names);

  const { hasSecondPage, isCut } = watchForMore(ask);

  const isFor = ({ owner }: Entry, customerId: CustomerKey) => owner.kind === 'ours' && owner.customer === customerId;

  return {
    async find(customerId, witnesses = []) {
      const unseen = new Set<CustomerKey>(witnesses);
      let isFiltered = true;
      for (let after = 0, pages = 0; pages < pagesMax; pages += 1) {
        const answer = await ask({ customerId: names.nameOf(customerId), ...(after !== 0 && { after }) });
        if (answer.kind === 'retry') return answer;
        if (answer.kind !== 'list') return { kind: answer.kind };
        const theirs = answer.entries.filter((entry) => isFor(entry, customerId));
        const match = theirs.find(isOfOurType) ?? theirs.find(({ otherType }) => names.isOfEarlierType(otherType));
        if (match?.id !== undefined) return { kind: 'found', ...toFound(match.id, match) };
        for (const entry of answer.entries) {
          isFiltered &&= isFor(entry, customerId);
          if (entry.owner.kind === 'ours') unseen.delete(entry.owner.customer);
        }
        // an Inventory may write types in its own way, so this may be the package that was asked for
        if (theirs.length > 0) return { kind: 'unknown' };
        if (!answer.more) {
          const isUnfiltered = witnesses.length > 0 && unseen.size === 0 && !(await isCut(answer.entries));
          return { kind: isFiltered || isUnfiltered ? 'none' : 'unknown' };
        }
        const next = toPage(answer, after)?.next;
        if (next === undefined) break;
        after = next;
      }
      return { kind: 'unknown' };
    },

    async findMany(customerIds, [first, last]) {
      const asked = new Set<CustomerKey>(customerIds);
      const wanted = [first, ...customerIds, last].map(names.nameOf);
      // a comma would separate two customers
      if (wanted.some((name) => String(name).includes(','))) return { kind: 'unsupported' };
      const answer = await ask({ customerId: wanted.join(), limit: pageSize });
      if (answer.kind === 'retry') return answer;
      if (answer.kind !== 'list') return { kind: 'unsupported' };
      const unseen = new Set<CustomerKey>([first, last]);
      const packages = new Map<CustomerKey, FoundPackage>();
      for (const entry of answer.entries) {
        const { id, owner } = entry;
        if (owner.kind !== 'ours') return { kind: 'unsupported' };
        const { customer } = owner;
        if (!asked.has(customer) && customer !== first && customer !== last) return { kind: 'unsupported' };
        unseen.delete(customer);
        if (id === undefined || !asked.has(customer)) continue;
        const isEarlier = names.isOfEarlierType(entry.otherType);
        if (!isOfOurType(entry) && !isEarlier) return { kind: 'unsupported' };
        if (isOfOurType(entry) || !packages.has(customer)) packages.set(customer, toFound(id, entry));
      }
      return unseen.size === 0 && !answer.more ? { kind: 'found', packages } : { kind: 'unsupported' };
    },

    async fetchPackages(after) {
      const answer = await ask({ after, limit: pageSize }, blipRetry);
      if (answer.kind !== 'list') return { kind: 'unavailable', reason: answer.reason };
      const page = toPage(answer, after);
      if (!page) return { kind: 'unavailable', reason: 'the Inventory lists packages in pages without numbers' };
      const isRepeated = answer.entries.length > 0 && page.unseen.length === 0;
      const isPart = isRepeated && (answer.more || (await hasSecondPage(answer.entries)));
      const packages = page.unseen.map(toListed);
      return { kind: 'page', packages, next: page.next, total: answer.total, ...(isPart && { isPart }) };
    },
  };
}

type Ask = ReturnType<typeof question>;

/** Looks whether a list that shows no sign of more has more. */
function watchForMore(ask: Ask) {
  /** An Inventory that knows neither `after` nor `limit` may count pages, and show the first of them as if it were all. */
  async function hasSecondPage(first: Entry[]): Promise<boolean> {
    if (first.length === 0) return false;
    const second = await ask({ page: 2 });
    const known = new Set(first.map(({ id }) => id));
    return second.kind === 'list' && second.entries.some(({ id }) => id !== undefined && !known.has(id));
  }

  /** Whether there are more packages than these, which are shown without any sign of more. */
  async function isCut(shown: Entry[]): Promise<boolean> {
    if (await hasSecondPage(shown)) return true;
    const last = toPage({ entries: shown, more: false }, 0)?.next;
    if (last === undefined) return false;
    const rest = await ask({ after: last, limit: pageSize });
    return rest.kind !== 'list' || (toPage(rest, last)?.unseen.length ?? 1) > 0;
  }

  return { hasSecondPage, isCut };
}

/** Asks for packages; what the Inventory answers instead of a list is a value, too. */
function question(client: AxiosInstance, names: InventoryNames) {
  return async function ask(params: Record<string, string | number>, retry?: IAxiosRetryConfig) {
    try {
      const options = { params, maxContentLength: listBytesMax, ...(retry && { 'axios-retry': retry }) };
      const response = await client.get('/packages', options);
      const list = readList(response);
      if (list.kind === 'list') {
        const entries = list.entries.map((entry) => toEntry(entry, names));
        return { kind: 'list', entries, more: list.saysMore, total: list.total } as const;
      }
      const proxy = describeProxy('Inventory', { config: response.config, response });
      if (proxy !== undefined)
        return { kind: 'retry', reason: proxy, inDoubt: false, whose: 'inventory' } satisfies Retry;
      return { kind: 'unknown', reason: `the Inventory shows no list of packages: ${list.seen}` } as const;
    } catch (error) {
      const failure = asAxiosError(error);
      // a proxy speaks for itself, not for the Inventory
      const status = isFromProxy(failure.response) ? 0 : (failure.response?.status ?? 0);
      const outcome = toRetry(failure);
      if (forbidden.includes(status)) return { kind: 'forbidden', reason: outcome.reason } as const;
      if (cannotBeAsked.includes(status) || isTooLarge(failure))
        return { kind: 'unknown', reason: outcome.reason } as const;
      return { ...outcome, inDoubt: false } satisfies Retry;
    }
  };
}

type List = { entries: Entry[]; more: boolean };
type Entry = Pick<ListedPackage, 'otherType' | 'bears'> & { id: PackageId | undefined; owner: Owner };

/** Reads a package in either shape; its customer id may be text. */
function toEntry(entry: unknown, { ownerOf, isOfType }: InventoryNames): Entry {
  const given = (entry ?? {}) as Record<string, unknown>;
  const type = given['packageType'] ?? given['package_type'];
  const typeName = type === undefined ? undefined : String(type);
  return {
    id: packageIdOf(given),
    owner: ownerOf(given['customerId'] ?? given['customer_id']),
    ...(typeName !== undefined && !isOfType(typeName) && { otherType: storable(typeName, typeMax) }),
    ...whatItBears(given),
  };
}

const typeMax = 100;

const isOfOurType = ({ otherType }: Entry) => otherType === undefined;

function toFound(packageId: PackageId, { bears }: Entry): FoundPackage {
  return { packageId, ...(bears && { bears }) };
}

function toListed({ id = '?', owner, ...rest }: Entry): ListedPackage {
  const customerId = owner.kind === 'ours' ? owner.customer : undefined;
  return { id, customerId, ...rest, ...(owner.kind === 'other source' && { isOfOtherSource: true }) };
}

/** An Inventory that ignores parameters repeats the entries up to `after`; that ends the list. */
function toPage({ entries, more }: List, after: number): { unseen: Entry[]; next: number | undefined } | undefined {
  const isNumbered = entries.every(({ id }) => typeof id === 'number');
  if (!isNumbered && more) return undefined;
  const unseen = entries.filter(({ id }) => typeof id !== 'number' || id > after);
  const last = unseen.reduce((highest, { id }) => (typeof id === 'number' && id > highest ? id : highest), after);
  // an Inventory may show fewer than were asked for, so only an empty page is the end
  return { unseen, next: isNumbered && last > after ? last : undefined };
}
