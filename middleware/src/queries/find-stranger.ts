import type { MiddlewareContext } from '../context.ts';
import { readFact } from '../db/facts.ts';
import type { CustomerKey } from '../delivery.ts';
import { describeStrangers } from '../strangers.ts';

/** Who has this id now, and what to do, if it belonged to another person when it was recorded. */
export async function findStranger(
  { db }: Pick<MiddlewareContext, 'db'>,
  customerId: CustomerKey,
): Promise<string | undefined> {
  const strangers = await readFact(db, 'strangers');
  const stranger = strangers?.customers.find(({ id }) => id === customerId);
  return stranger && describeStrangers({ customers: [stranger] });
}

/** Which ids deliveries are stopped for, and what to do; undefined if they are not. */
export async function explainStrangers({ db }: Pick<MiddlewareContext, 'db'>): Promise<string | undefined> {
  const strangers = await readFact(db, 'strangers');
  return strangers && describeStrangers(strangers);
}
