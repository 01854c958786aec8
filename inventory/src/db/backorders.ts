import type { Kysely } from 'kysely';
import type { InventoryDatabase } from './schema.ts';

type Waiting = { id: number; package_type: string };

/** The oldest packages of these types, above an id, for which something was short; oldest first. */
export async function listBackorders(
  db: Kysely<InventoryDatabase>,
  types: string[],
  { after, limit }: { after: number; limit: number },
): Promise<Waiting[]> {
  // type by type, so that none of the many that others wait for is read
  const oldest: Waiting[] = [];
  for (const type of types) {
    oldest.push(
      ...(await db
        .selectFrom('packages')
        .select(['id', 'package_type'])
        .where('status', '=', 'backordered')
        .where('package_type', '=', type)
        .where('id', '>', after)
        .orderBy('id')
        .limit(limit)
        .execute()),
    );
  }
  return oldest.sort((a, b) => a.id - b.id).slice(0, limit);
}

/** The types of the packages that are backordered; those of `types`, where they are given. */
export async function backorderedTypes(db: Kysely<InventoryDatabase>, types?: string[]): Promise<Set<string>> {
  const rows = await db
    .selectFrom('packages')
    .select('package_type')
    .distinct()
    .where('status', '=', 'backordered')
    .$if(types !== undefined, (query) => query.where('package_type', 'in', types ?? []))
    .execute();
  return new Set(rows.map(({ package_type }) => package_type));
}

export async function countBackorders(db: Kysely<InventoryDatabase>): Promise<number> {
  const { count } = await db
    .selectFrom('packages')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('status', '=', 'backordered')
    .executeTakeFirstOrThrow();
  return count;
}
