import { type Kysely, sql } from 'kysely';
import { count } from './count.ts';
import type { InventoryDatabase } from './schema.ts';

/** As it stands in the condition of an index. */
const isBackordered = sql<boolean>`status = 'backordered'`;

/** The oldest packages of a type for which something is short, above an id. */
export async function listBackorders(
  db: Kysely<InventoryDatabase>,
  type: string,
  { after, limit }: { after: number; limit: number },
): Promise<number[]> {
  const rows = await db
    .selectFrom('packages')
    .select('id')
    .where(isBackordered)
    .where('package_type', '=', type)
    .where('id', '>', after)
    .orderBy('package_type')
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id);
}

/** Those of the types, which are few, that have packages for which something is short. */
export async function waitingTypes(db: Kysely<InventoryDatabase>, types: Iterable<string>): Promise<Set<string>> {
  const waiting = new Set<string>();
  for (const type of types) {
    if ((await listBackorders(db, type, { after: 0, limit: 1 })).length > 0) waiting.add(type);
  }
  return waiting;
}

/** All types that have such packages. */
export async function allWaitingTypes(db: Kysely<InventoryDatabase>): Promise<string[]> {
  const rows = await db.selectFrom('packages').select('package_type').distinct().where(isBackordered).execute();
  return rows.map(({ package_type }) => package_type);
}

export function countBackorders(db: Kysely<InventoryDatabase>): Promise<number> {
  return count(db.selectFrom('packages').where(isBackordered));
}
