import type { AxiosInstance } from 'axios';
import type { PackageId, Retry } from '../delivery.ts';
import type { PackageTarget } from '../ports.ts';
import { asAxiosError, hasNextPage } from './http-client.ts';
import { packageIdOf, toRetry } from './inventory-answers.ts';

const pageSize = 1000;
/** The whole list of an Inventory that takes no filter fits; an endless answer does not. */
const listBytesMax = 16 * 1024 * 1024;

/** Statuses of an Inventory that cannot be asked. */
const cannotBeAsked = [400, 404, 405, 501];

/** The questions that the Inventory is asked. */
export function inventoryLookUp(
  client: AxiosInstance,
  packageType: string,
): Pick<PackageTarget, 'find' | 'findMany' | 'fetchPackages'> {
  async function ask(params: Record<string, string | number>) {
    try {
      const response = await client.get('/packages', { params, maxContentLength: listBytesMax });
      if (!Array.isArray(response.data)) return { kind: 'unknown' } as const;
      return { kind: 'list', entries: response.data.map(toEntry), more: hasNextPage(response) } as const;
    } catch (error) {
      const failure = asAxiosError(error);
      if (cannotBeAsked.includes(failure.response?.status ?? 0)) return { kind: 'unknown' } as const;
      return { ...toRetry(failure), inDoubt: true } satisfies Retry;
    }
  }

  const isOfOurType = ({ packageType: type }: Entry) => type === undefined || type === packageType;

  return {
    async find(customerId) {
      const answer = await ask({ customerId });
      if (answer.kind !== 'list') return answer;
      const match = answer.entries.find((entry) => entry.customerId === customerId && isOfOurType(entry));
      if (match?.id !== undefined) return { kind: 'found', packageId: match.id };
      // one that takes no filter shows a part of everybody's, and his may be in another
      return answer.more ? { kind: 'unknown' } : { kind: 'none' };
    },

    async findMany(customerIds, witness) {
      const answer = await ask({ customerId: [...customerIds, witness].join() });
      if (answer.kind === 'unknown') return { kind: 'unsupported' };
      if (answer.kind === 'retry') return answer;
      const asked = new Set(customerIds);
      const packages = new Map<number, PackageId>();
      let understood = false;
      for (const entry of answer.entries) {
        const { id, customerId } = entry;
        if (customerId === witness) understood = true;
        else if (customerId === undefined || !asked.has(customerId)) return { kind: 'unsupported' };
        if (id !== undefined && customerId !== undefined && isOfOurType(entry)) packages.set(customerId, id);
      }
      return understood && !answer.more ? { kind: 'found', packages } : { kind: 'unsupported' };
    },

    async fetchPackages(after) {
      const answer = await ask({ after, limit: pageSize });
      if (answer.kind === 'unknown') return { kind: 'unavailable', reason: 'the Inventory does not list its packages' };
      if (answer.kind === 'retry') return { kind: 'unavailable', reason: answer.reason };
      const page = toPage(answer, after);
      if (!page) return { kind: 'unavailable', reason: 'the Inventory lists packages in pages without numbers' };
      const packages = page.unseen.filter(isOfOurType).map(({ id, customerId }) => ({ id: id ?? '?', customerId }));
      return { kind: 'page', packages, next: page.next };
    },
  };
}

type List = { entries: Entry[]; more: boolean };
type Entry = { id: PackageId | undefined; customerId: number | undefined; packageType: unknown };

/** A package in either shape, with a customer id that may be given as text. */
function toEntry(entry: unknown): Entry {
  const given = (entry ?? {}) as Record<string, unknown>;
  const customerId = Number(given['customerId'] ?? given['customer_id'] ?? Number.NaN);
  return {
    id: packageIdOf(given),
    customerId: Number.isSafeInteger(customerId) && customerId > 0 ? customerId : undefined,
    packageType: given['packageType'] ?? given['package_type'],
  };
}

/** An Inventory that takes no parameters shows what is behind `after` again: that ends it. */
function toPage({ entries, more }: List, after: number): { unseen: Entry[]; next: number | undefined } | undefined {
  const isNumbered = entries.every(({ id }) => typeof id === 'number');
  if (!isNumbered && more) return undefined;
  const unseen = entries.filter(({ id }) => typeof id !== 'number' || id > after);
  const last = unseen.reduce((highest, { id }) => (typeof id === 'number' && id > highest ? id : highest), after);
  const goesOn = isNumbered && last > after && (more || entries.length >= pageSize);
  return { unseen, next: goesOn ? last : undefined };
}
