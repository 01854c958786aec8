import type { Claims } from '@doorstep/kit/auth/tokens.ts';
import { AppError } from '@doorstep/kit/errors.ts';
import type { CrmContext } from '../context.ts';
import { type Item, isActive, isItemOf, toMyItem } from '../item.ts';
import type { ItemFilter } from '../ports.ts';

type Caller = { caller: Claims | undefined; passOn: Record<string, string> };

/** The customer's own active items and their number. @throws AppError `unavailable` while the Inventory is down. */
export async function listMyItems(
  { items }: Pick<CrmContext, 'items'>,
  { caller, passOn }: Caller,
  query: ItemFilter & { page: number; size: number },
) {
  const customerId = customerOf(caller);
  const answer = await items.list({ ...query, customerId }, passOn);
  if (answer.kind === 'unavailable') throw inventoryAway();
  // an Inventory may ignore that only active items were asked for
  const shown = answer.items.filter(isActive);
  const hidden = answer.items.length - shown.length;
  return { items: shown.map(toMyItem), total: answer.total - hidden, customer_id: customerId };
}

/** @throws AppError `not_found`, `forbidden` for another customer's item, `unavailable` while the Inventory is down. */
export async function getMyItem(
  { items }: Pick<CrmContext, 'items'>,
  { caller, passOn }: Caller,
  id: string,
): Promise<Item> {
  const answer = await items.get(id, passOn);
  if (answer.kind === 'unavailable') throw inventoryAway();
  if (answer.kind === 'none') throw new AppError('not_found', 'Item not found');
  if (!isItemOf(answer.item, customerOf(caller))) throw new AppError('forbidden', 'This item is not yours');
  if (!isActive(answer.item)) throw new AppError('not_found', 'Item not found');
  return toMyItem(answer.item);
}

function customerOf(caller: Claims | undefined): number {
  return Number(caller?.subject);
}

function inventoryAway(): AppError {
  return new AppError('unavailable', 'The Inventory is not available at the moment');
}
