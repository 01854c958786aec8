import type { Item } from './item.ts';

export type EventBucket = {
  /** Returns the reason for a failure, or undefined if the object is stored. Safe to repeat. */
  put(key: string, body: string): Promise<string | undefined>;
};

export type ItemFilter = { name?: string | undefined; category?: string | undefined; brand?: string | undefined };

type Unavailable = { kind: 'unavailable' };

/** The source of customers' items. `passOn`: headers of the client's request to forward. */
export type ItemSource = {
  list(
    query: { customerId: number; page: number; size: number } & ItemFilter,
    passOn: Record<string, string>,
  ): Promise<{ kind: 'items'; items: Item[]; total: number } | Unavailable>;
  get(
    id: string,
    passOn: Record<string, string>,
  ): Promise<{ kind: 'item'; item: Item } | { kind: 'none' } | Unavailable>;
};
