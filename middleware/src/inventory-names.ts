import { seenForm } from '@doorstep/kit/text/fold.ts';
import { hidden } from '@doorstep/kit/text/visible-text.ts';
import { toCustomerKey } from './customer-key.ts';
import type { CustomerKey } from './delivery.ts';

/** What customers are called at the Inventory, which may also serve other sources that give out the same ids. */
export type InventoryNames = {
  packageType: string;
  /** Whether PACKAGE_TYPE was ever changed: posts of an earlier life may have been of another type. */
  hasEarlierType: boolean;
  isOfType(type: string): boolean;
  /** Whether the ledger requested packages of this type before PACKAGE_TYPE was changed. */
  isOfEarlierType(type: string | undefined): boolean;
  /** `berlin:7` with the SOURCE_NAME `berlin`, else the id itself. */
  nameOf(customer: CustomerKey): CustomerKey;
  /** The customer that a person means, who may give the id with or without the SOURCE_NAME. */
  customerOf(given: CustomerKey): CustomerKey;
  /** Never changes for a customer and a package type: the Inventory keeps it for ever. */
  idempotencyKeyOf(customer: CustomerKey): string;
  /** Whose package it is that bears this customer id at the Inventory. */
  ownerOf(name: unknown): Owner;
  /** Whether an id that our source does not know is that of a customer of another one. */
  isOfOtherSource(customer: CustomerKey): boolean;
};

export type Owner = { kind: 'ours'; customer: CustomerKey } | { kind: 'other source' } | { kind: 'nobody' };

export type NameOptions = {
  packageType: string;
  sourceName?: string | undefined;
  earlierTypes?: readonly string[];
};

/** A comma would separate two ids in a look-up, and the first colon ends the name. */
export const sourceNamePattern = new RegExp(`^[^\\s,:\\p{C}${hidden}]{1,50}$`, 'v');

/** Its keys were given out before there were any others, so they stay without their type. */
export const firstPackageType = 'welcome_pack_v1';

/** In code units. Another Inventory may show any text, and a very long one could take seconds to compare. */
const typeMax = 1000;

export function inventoryNames({ packageType, sourceName, earlierTypes = [] }: NameOptions): InventoryNames {
  const prefix = sourceName === undefined ? '' : `${sourceName}:`;
  const keyPrefix = packageType === firstPackageType ? 'welcome' : packageType;
  const nameOf = (customer: CustomerKey) => (prefix ? `${prefix}${customer}` : customer);
  const key = seenForm(packageType);
  const earlierKeys = earlierTypes.map(seenForm);
  return {
    packageType,
    hasEarlierType: earlierTypes.length > 0,
    isOfType: (type) => type.length <= typeMax && seenForm(type) === key,
    isOfEarlierType: (type) => type !== undefined && earlierKeys.includes(seenForm(type)),
    nameOf,
    customerOf(given) {
      const isNamed = prefix && typeof given === 'string' && given.startsWith(prefix);
      return (isNamed ? toCustomerKey(given.slice(prefix.length)) : undefined) ?? given;
    },
    idempotencyKeyOf: (customer) => `${keyPrefix}-${nameOf(customer)}`,
    ownerOf(name) {
      const isOurs = !prefix || (typeof name === 'string' && name.startsWith(prefix));
      const customer = toCustomerKey(isOurs && prefix ? String(name).slice(prefix.length) : name);
      if (customer === undefined) return { kind: 'nobody' };
      return isOurs ? { kind: 'ours', customer } : { kind: 'other source' };
    },
    isOfOtherSource: (customer) => !prefix && /^[^\s,:]{1,50}:./u.test(String(customer)),
  };
}
