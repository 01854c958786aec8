import { createHash } from 'node:crypto';
import type { MiddlewareContext } from '../context.ts';
import { listRecordedIds } from '../db/deliveries.ts';
import type { SeenCustomer } from '../delivery.ts';
import type { CustomerPage } from '../ports.ts';

export type LateComers = {
  /** Customers behind the cursor that have no delivery. */
  customers: SeenCustomer[];
  /** The page shows what is behind the cursor: the CRM takes no parameters, and this is its whole list. */
  isWhole: boolean;
  /** The page holds something that the last one did not. */
  isNew: boolean;
  /** To be called once they are recorded: the same page need not be looked at again. */
  recorded(): void;
};

const idsMax = 10_000;

/**
 * Finds customers that have turned up behind the cursor, as they may in a CRM that shows its whole list and gives no
 * order guarantee. Of the last list only a digest is kept, and a list that has changed is compared with the ledger in
 * steps of 10,000, so memory does not grow and no customer costs a query.
 */
export function createLateComers(db: MiddlewareContext['db']) {
  let knownDigest = '';

  return {
    async find(page: CustomerPage, cursor: number): Promise<LateComers> {
      const behind = page.customers.filter(({ id }) => id <= cursor);
      const digest = digestOf(behind, page);
      const isNew = digest !== knownDigest;
      return {
        customers: isNew ? await withoutDelivery(db, behind) : [],
        isWhole: behind.length > 0,
        isNew,
        recorded() {
          knownDigest = digest;
        },
      };
    },
  };
}

function digestOf(behind: SeenCustomer[], { unusable }: CustomerPage): string {
  if (behind.length === 0 && unusable.length === 0) return '';
  const hash = createHash('sha256');
  for (const { id } of behind) hash.update(`${id} `);
  for (const { entry } of unusable) hash.update(entry);
  return hash.digest('base64');
}

/** Both are in id order. */
async function withoutDelivery(db: MiddlewareContext['db'], customers: SeenCustomer[]): Promise<SeenCustomer[]> {
  const missing: SeenCustomer[] = [];
  let rest = customers;
  let after = 0;
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
