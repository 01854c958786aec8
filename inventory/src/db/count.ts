import type { SelectQueryBuilder } from 'kysely';
import type { InventoryDatabase } from './schema.ts';

export async function count<Table extends keyof InventoryDatabase>(
  query: SelectQueryBuilder<InventoryDatabase, Table, object>,
): Promise<number> {
  const { total } = await query.select(({ fn }) => fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  return total;
}
