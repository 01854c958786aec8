import type { MiddlewareContext } from '../context.ts';
import { hasNumber, isNumber } from '../customer-key.ts';
import { forgetFact, readFact } from '../db/facts.ts';
import type { CustomerKey } from '../delivery.ts';
import type { CustomerPage } from '../ports.ts';
import type { Stranger, Strangers } from '../strangers.ts';
import { findStrangers } from './same-crm.ts';

/** Against a list that never ends. */
const pagesMax = 20_000;

/**
 * Looks whether the strangers are still there. Deliveries go on by themselves once the CRM shows each of these ids as the
 * ledger knows it, or no longer has it. One call while a stranger is still where the last look has found one.
 */
export function createLookAgain(context: MiddlewareContext): (known: Strangers) => Promise<void> {
  let lastFoundAfter: CustomerKey | undefined;

  /** The page after `after`; undefined if it cannot be read, or if it shows a stranger. */
  async function clearPage(after: CustomerKey, kept: Set<CustomerKey>): Promise<CustomerPage | undefined> {
    const page = await context.source.fetchPage(after);
    if (page.kind !== 'page') return undefined;
    // a record without a name or a time does not tell whose it is
    const isVague = page.customers.some(({ id, name, createdAt }) => kept.has(id) && !(name && createdAt));
    if (!isVague && (await findStrangers(context, page.customers)).length === 0) return page;
    lastFoundAfter = after;
    return undefined;
  }

  async function areGone({ customers }: Strangers): Promise<boolean> {
    const kept = new Set(customers.map(({ id }) => id));
    if (lastFoundAfter !== undefined && !(await clearPage(lastFoundAfter, kept))) return false;
    // texts have no order, so a list with them is read from its beginning
    const isInOrder = customers.every(hasNumber) && (await readFact(context.db, 'lastListed')) === undefined;
    let left = customers;
    let after: CustomerKey = isInOrder ? beforeFirst(left) : 0;
    for (let pages = 0; pages < pagesMax; pages += 1) {
      const page = await clearPage(after, kept);
      if (!page) return false;
      left = leftAfter(page, left, isInOrder);
      if (left.length === 0) return true;
      const next = isInOrder ? beforeFirst(left) : (page.lastListed ?? page.customers.at(-1)?.id);
      if (next === undefined || next === after) return false;
      after = next;
    }
    return false;
  }

  return async (known) => {
    if (!(await areGone(known))) return;
    lastFoundAfter = undefined;
    const isForgotten = await context.write(async (trx) => {
      // a reconciliation may have found others meanwhile
      if (JSON.stringify(await readFact(trx, 'strangers')) !== JSON.stringify(known)) return false;
      await forgetFact(trx, 'strangers');
      return true;
    });
    if (isForgotten) context.logger.info('no customer id belongs to another person any more; deliveries go on');
  };
}

function beforeFirst([first]: Stranger[]): number {
  return Number(first?.id) - 1;
}

/** Those that the page, read from the first of them on, leaves open: it neither shows them nor the gap where they were. */
function leftAfter(page: CustomerPage, strangers: Stranger[], isInOrder: boolean): Stranger[] {
  if (!page.more && page.extent !== 'part') return [];
  const shown = new Set(page.customers.map(({ id }) => id));
  const last = isInOrder && page.extent === undefined ? (page.customers.filter(hasNumber).at(-1)?.id ?? 0) : 0;
  return strangers.filter(({ id }) => !shown.has(id) && !(isNumber(id) && id <= last));
}
