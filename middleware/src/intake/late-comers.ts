import { createHash } from 'node:crypto';
import type { MiddlewareContext } from '../context.ts';
import { hasNumber, isText } from '../customer-key.ts';
import { listRecordedIds } from '../db/deliveries.ts';
import { numbersOf } from '../db/keys.ts';
import type { SeenCustomer } from '../delivery.ts';
import type { CustomerPage } from '../ports.ts';

export type LateComers = {
  /** Customers behind the cursor, and those whose ids are text, that have no delivery. */
  customers: SeenCustomer[];
  /** The page shows customers that were not asked for: the CRM ignores parameters, and this is its whole list. */
  isWhole: boolean;
  /** The page differs from the last one. */
  isNew: boolean;
  /** Call once they are recorded, so that the same page is not examined again. */
  recorded(): void;
};

type Numbered = SeenCustomer & { id: number };

const idsMax = 10_000;

/**
 * Finds customers that appear behind the cursor, as they may if a CRM shows its whole list without an order guarantee.
 * Keeps a digest of the last list and compares a changed one in steps, so that memory stays flat and no customer costs
 * a query.
 */
export function createLateComers(db: MiddlewareContext['db']) {
  let knownDigest = '';

  return {
    async find(page: CustomerPage, cursor: number, after = cursor): Promise<LateComers> {
      const behind = page.customers.filter(({ id }) => isText(id) || id <= cursor);
      const digest = digestOf(behind, page);
      const isNew = digest !== knownDigest;
      return {
        customers: isNew ? await withoutDelivery(db, behind) : [],
        isWhole:
          page.extent !== undefined || (page.lastListed === undefined && behind.some((one) => isUnasked(one, after))),
        isNew,
        recorded() {
          knownDigest = digest;
        },
      };
    },
  };
}

function isUnasked({ id }: SeenCustomer, after: number): boolean {
  return isText(id) || id <= after;
}

function digestOf(behind: SeenCustomer[], { unusable }: CustomerPage): string {
  if (behind.length === 0 && unusable.length === 0) return '';
  const hash = createHash('sha256');
  for (const { id, name, createdAt } of behind) hash.update(`${id} ${createdAt} ${name}\n`);
  for (const { entry } of unusable) hash.update(entry);
  return hash.digest('base64');
}

async function withoutDelivery(db: MiddlewareContext['db'], customers: SeenCustomer[]): Promise<SeenCustomer[]> {
  const numbered = customers.filter(hasNumber);
  const named = customers.filter(({ id }) => isText(id));
  return [...(await numberedWithoutDelivery(db, numbered)), ...(await namedWithoutDelivery(db, named))];
}

async function namedWithoutDelivery(db: MiddlewareContext['db'], customers: SeenCustomer[]): Promise<SeenCustomer[]> {
  const missing: SeenCustomer[] = [];
  for (let start = 0; start < customers.length; start += idsMax) {
    const some = customers.slice(start, start + idsMax);
    const known = await numbersOf(
      db,
      some.map(({ id }) => String(id)),
    );
    missing.push(...some.filter(({ id }) => !known.has(String(id))));
  }
  return missing;
}

/** Relies on both lists being in id order. */
async function numberedWithoutDelivery(db: MiddlewareContext['db'], customers: Numbered[]): Promise<Numbered[]> {
  const missing: Numbered[] = [];
  let rest = customers;
  let after = (customers[0]?.id ?? 1) - 1;
  while (rest.length > 0) {
    const recorded = await listRecordedIds(db, { after, limit: idsMax });
    const last = recorded.length < idsMax ? Number.POSITIVE_INFINITY : (recorded.at(-1) as number);
    const known = new Set(recorded);
    const end = rest.findIndex(({ id }) => id > last);
    const some = end === -1 ? rest : rest.slice(0, end);
    missing.push(...some.filter(({ id }) => !known.has(id)));
    rest = rest.slice(some.length);
    after = last;
  }
  return missing;
}
