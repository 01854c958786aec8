import { isVisibleId } from '@doorstep/kit/text/visible-id.ts';
import type { CustomerKey } from './delivery.ts';

/** A higher number may not be exact in every system, so it is text. */
export const numberMax = 2 ** 52;

/**
 * The one form of a customer's id: `7` and `"7"` are the same customer. Undefined for anything but a positive integer or
 * a text of 1 to 100 visible characters.
 */
export function toCustomerKey(given: unknown): CustomerKey | undefined {
  if (typeof given === 'number') return Number.isSafeInteger(given) ? toCustomerKey(String(given)) : undefined;
  if (typeof given !== 'string' || /^(0|-\d+)$/.test(given)) return undefined;
  if (/^[1-9]\d*$/.test(given) && Number(given) <= numberMax) return Number(given);
  return isVisibleId(given) ? given : undefined;
}

export function isNumber(key: CustomerKey): key is number {
  return typeof key === 'number';
}

export function isText(key: CustomerKey): key is string {
  return typeof key === 'string';
}

type Identified = { id: CustomerKey };

/** Numbers in their order, then texts, which have none but that of the list. */
export function inIdOrder<Customer extends Identified>(customers: Customer[]): Customer[] {
  return [...customers.filter(hasNumber).sort((a, b) => a.id - b.id), ...customers.filter(({ id }) => isText(id))];
}

export function hasNumber<Customer extends Identified>(customer: Customer): customer is Customer & { id: number } {
  return isNumber(customer.id);
}
