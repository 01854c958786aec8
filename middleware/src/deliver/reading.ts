import type { SeenCustomer } from '../delivery.ts';

/** What the CRM has shown of a customer, and when it was asked; `customer` is undefined if it has none of this id. */
export type Reading = { kind: 'reading'; customer: SeenCustomer | undefined; at: string };

/** A customer that was read longer ago is read again before a post. */
export const readingAgeMaxMs = 60_000;
