import type { InventoryContext } from '../context.ts';
import { toItem } from '../db/items.ts';
import type { Item } from '../item.ts';

const pageMax = 1000;

export async function* readAllItems({ db }: Pick<InventoryContext, 'db'>): AsyncGenerator<Item[]> {
  for (let after = 0; ; ) {
    const rows = await db
      .selectFrom('items')
      .selectAll()
      .where('id', '>', after)
      .orderBy('id')
      .limit(pageMax)
      .execute();
    const last = rows.at(-1);
    if (!last) return;
    yield rows.map(toItem);
    after = last.id;
  }
}
