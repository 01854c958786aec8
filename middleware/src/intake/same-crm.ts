import type { MiddlewareContext } from '../context.ts';
import { hasNumber, isText } from '../customer-key.ts';
import { listPeople } from '../db/deliveries.ts';
import { addStrangers } from '../db/strangers.ts';
import type { SeenCustomer } from '../delivery.ts';
import type { CustomerPage, NoPage } from '../ports.ts';
import { describeStrangers, isOtherPerson, type Person, type Stranger } from '../strangers.ts';
import { findHighest } from './find-highest.ts';

export type SameCrm = {
  /** Where a poll asks from, so that it sees the last recorded customer again. */
  after(cursor: number): number;
  /** A poll has asked from there: whether its last customer is still there, and who has the ids below. */
  look(page: CustomerPage, cursor: number): Promise<NoPage | undefined>;
};

/**
 * Notices that ids belong to other people: a CRM that was restored from a backup, or begun anew, gives them out again. Polls
 * see the last recorded customer. If that one is gone, the highest one that is left takes its place, found by bisection
 * once; the page below it is compared then.
 */
export function createSameCrm(context: MiddlewareContext): SameCrm {
  let anchor: { id: number; cursor: number } | undefined;

  const idOf = (cursor: number) => (anchor?.cursor === cursor ? anchor.id : cursor);

  async function findAnchor(cursor: number): Promise<NoPage | undefined> {
    const { source } = context;
    const highest = await findHighest(source, { above: 0, upTo: Math.max(idOf(cursor) - 1, 0) });
    if (typeof highest !== 'number') return highest;
    anchor = { id: highest, cursor };
    if (highest > 0) await stopFor(context, await strangersUpTo(highest));
    return undefined;
  }

  /** On the page that ends there. */
  async function strangersUpTo(highest: number): Promise<Stranger[]> {
    const { source } = context;
    const page = await source.fetchPage(Math.max(highest - source.pageSize, 0), source.pageSize);
    return page.kind === 'page' ? findStrangers(context, upTo(page, highest)) : [];
  }

  return {
    after: (cursor) => Math.max(idOf(cursor) - 1, 0),
    async look(page, cursor) {
      const shown = upTo(page, cursor);
      const last = shown.at(-1)?.id;
      const strangers = await findStrangers(context, shown);
      if (strangers.length > 0 && last !== undefined) {
        await stopFor(context, [...(await strangersUpTo(last)), ...strangers]);
      }
      // the ids may have come back in numbers: the next poll looks at the cursor again
      if (page.more && last !== undefined && last < cursor) anchor = undefined;
      else if (last !== undefined) anchor = { id: last, cursor };
      else if (idOf(cursor) > 0) return findAnchor(cursor);
      return undefined;
    },
  };
}

function upTo({ customers }: CustomerPage, highest: number) {
  return customers.filter(hasNumber).filter(({ id }) => id <= highest);
}

/** Stops deliveries if ids of a whole list, up to the cursor, were recorded for other people. */
export async function compare(context: MiddlewareContext, page: CustomerPage, cursor: number): Promise<void> {
  const known = page.customers.filter(({ id }) => isText(id) || id <= cursor);
  await stopFor(context, await findStrangers(context, known));
}

export async function stopFor(
  { write, clock, logger }: Pick<MiddlewareContext, 'write' | 'clock' | 'logger'>,
  strangers: Stranger[],
): Promise<void> {
  if (strangers.length === 0) return;
  const known = await write((trx) => addStrangers(trx, strangers, clock.now().toISOString()));
  if (known) logger.error(`deliveries are stopped: ${describeStrangers(known)}`);
}

const sliceMax = 1_000;

export async function findStrangers(
  { db }: Pick<MiddlewareContext, 'db'>,
  customers: SeenCustomer[],
): Promise<Stranger[]> {
  const strangers: Stranger[] = [];
  for (let start = 0; start < customers.length; start += sliceMax) {
    const slice = customers.slice(start, start + sliceMax);
    const ids = slice.map(({ id }) => id);
    const people = await listPeople(db, ids);
    for (const customer of slice) {
      const was = people.get(customer.id);
      if (was && isOtherPerson(was, customer)) strangers.push(toStranger(was, customer));
    }
  }
  return strangers;
}

export function toStranger(was: Person, { id, name, createdAt }: SeenCustomer): Stranger {
  return { id, was, is: { name, createdAt } };
}
