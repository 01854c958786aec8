import { type Kysely, sql } from 'kysely';
import { count } from './count.ts';
import type { InventoryDatabase } from './schema.ts';

/** Repeats the condition of a partial index literally, so that the index is used. */
const isBackordered = sql<boolean>`status = 'backordered'`;

/** The oldest back-orders of a type with an id above `after`. */
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

/** The given types that have back-orders. It runs one query per type. */
export async function waitingTypes(db: Kysely<InventoryDatabase>, types: Iterable<string>): Promise<Set<string>> {
  const waiting = new Set<string>();
  for (const type of types) {
    if ((await listBackorders(db, type, { after: 0, limit: 1 })).length > 0) waiting.add(type);
  }
  return waiting;
}

export async function allWaitingTypes(db: Kysely<InventoryDatabase>): Promise<string[]> {
  const rows = await db.selectFrom('packages').select('package_type').distinct().where(isBackordered).execute();
  return rows.map(({ package_type }) => package_type);
}

export function countBackordersOf(db: Kysely<InventoryDatabase>, type: string): Promise<number> {
  return count(db.selectFrom('packages').where(isBackordered).where('package_type', '=', type));
}

export function countBackorders(db: Kysely<InventoryDatabase>): Promise<number> {
  return count(db.selectFrom('packages').where(isBackordered));
}
