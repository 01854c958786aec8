import type { SeenCustomer } from '../delivery.ts';

/** What the CRM has shown of a customer, and when it was asked; `customer` is undefined if it has none of this id. */
export type Reading = { kind: 'reading'; customer: SeenCustomer | undefined; at: string };

/** The customer may be in the part of the list that the CRM does not show. */
export type OutOfReach = { kind: 'out of reach'; reason: string };

export const outOfReach: OutOfReach = {
  kind: 'out of reach',
  reason: 'the CRM shows only a part of its list, without this customer',
};

/** A customer that was read longer ago is read again before a post. */
export const readingAgeMaxMs = 60_000;
