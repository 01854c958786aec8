import { AppError } from '@doorstep/kit/errors.ts';
import type { InventoryContext } from '../context.ts';
import { countBackordersOf, listBackorders } from '../db/backorders.ts';
import { deleteKitRows } from '../db/kits.ts';
import { spellingOf } from '../db/package-types.ts';

/**
 * Deletes a kit. Packages of its type take no stock from now on. Packages keep the items that they have taken.
 * @throws AppError `not_found`, also on a second call, or `conflict` while back-orders wait for its items.
 */
export async function deleteKit({ write }: Pick<InventoryContext, 'write'>, type: string): Promise<void> {
  await write(async (trx) => {
    const packageType = await spellingOf(trx, type);
    if (!(await deleteKitRows(trx, packageType))) throw new AppError('not_found', 'Kit not found');
    const [oldest] = await listBackorders(trx, packageType, { after: 0, limit: 1 });
    // without the kit they would become received with nothing in them
    if (oldest !== undefined)
      throw new AppError('conflict', refusal(oldest, await countBackordersOf(trx, packageType)));
  });
}

function refusal(oldest: number, count: number): string {
  return count === 1
    ? `Package ${oldest} waits for the items of this kit; add stock or cancel it first`
    : `${count} packages wait for the items of this kit, the oldest is package ${oldest}; add stock or cancel them first`;
}
