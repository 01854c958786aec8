import type { CustomerKey } from './delivery.ts';
import { isSameName } from './same-name.ts';

/** What a record says of the person behind an id. */
export type Person = { name: string; createdAt: string | undefined };

/** An id that belongs to another person than when it was recorded. */
export type Stranger = { id: CustomerKey; was: Person; is: Person };

/** Deliveries are stopped because of these. */
export type Strangers = { since: string; customers: Stranger[] };

/** Databases store times with different precision. */
const precisionMs = 1_000;

/**
 * Whether the CRM has given the id to another person: neither the name nor the time of creation is the same. A rename alone
 * or a record without a name or a time says nothing.
 */
export function isOtherPerson(known: Person, seen: Person): boolean {
  if (!known.createdAt || !seen.createdAt) return false;
  return !isSameTime(known.createdAt, seen.createdAt) && !isSameName(known.name, seen.name);
}

export function isSameTime(one: string, other: string): boolean {
  return Math.abs(Date.parse(one) - Date.parse(other)) < precisionMs;
}

const namedMax = 5;

export const whatToDo =
  'if they are new people, set a new SOURCE_NAME with a ledger of its own, and START_FROM, or the people who have a package get another; if they are the old ones, edited: "resume --accept"';

/** Which ids, who they were and are, and what to do. */
export function describeStrangers({ customers }: Pick<Strangers, 'customers'>): string {
  const count = customers.length;
  const [first] = customers;
  const named = customers.slice(0, namedMax).map(({ id }) => id);
  const ids = count > named.length ? `${named.join(', ')} and ${count - named.length} more` : named.join(', ');
  const example = first ? ` (customer ${first.id} was ${describe(first.was)}, and is ${describe(first.is)} now)` : '';
  const which = count === 1 ? `the customer id ${ids} belongs` : `the customer ids ${ids} belong`;
  return `${which} to other people now${example}. Was the CRM restored or begun anew? I${whatToDo.slice(1)}`;
}

function describe({ name, createdAt }: Person): string {
  return `${name}, created ${createdAt?.slice(0, 19).replace('T', ' ') ?? 'at an unknown time'}`;
}
