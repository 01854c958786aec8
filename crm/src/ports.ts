import type { Item } from './item.ts';

/** Where events are published. */
export type EventBucket = {
  /** Gives why it failed, or undefined where the object is stored. Safe to repeat. */
  put(key: string, body: string): Promise<string | undefined>;
};

export type ItemFilter = { name?: string | undefined; category?: string | undefined; brand?: string | undefined };

type Unavailable = { kind: 'unavailable' };

/** Where customers' items are kept. `passOn`: headers of the request on whose behalf it is asked. */
export type ItemSource = {
  list(
    query: { customerId: number; page: number; size: number } & ItemFilter,
    passOn: Record<string, string>,
  ): Promise<{ kind: 'items'; items: Item[]; total: number } | Unavailable>;
  get(
    id: number,
    passOn: Record<string, string>,
  ): Promise<{ kind: 'item'; item: Item } | { kind: 'none' } | Unavailable>;
};
