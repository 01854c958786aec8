import { seenForm } from '@doorstep/kit/text/fold.ts';
import type { Kysely, Transaction } from 'kysely';
import type { InventoryDatabase } from './schema.ts';

/**
 * The spelling under which each of these package types is stored: its own, or else that of the first type that looks
 * the same. So a customer gets one package of a type, however its letters are encoded. A type that is not stored is
 * missing.
 */
async function readSpellings(db: Kysely<InventoryDatabase>, types: string[]): Promise<Map<string, string>> {
  const wanted = [...new Set(types)];
  if (wanted.length === 0) return new Map();
  const rows = await db
    .selectFrom('package_types')
    .select(['name', 'key'])
    .where('key', 'in', wanted.map(seenForm))
    .orderBy('id')
    .execute();
  const stored = new Set(rows.map(({ name }) => name));
  // of equal keys, the last in a map counts
  const firsts = new Map(rows.toReversed().map(({ key, name }) => [key, name]));
  const spellings = wanted.map((type): [string, string | undefined] => {
    return [type, stored.has(type) ? type : firsts.get(seenForm(type))];
  });
  return new Map(spellings.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** Like `readSpellings`, and stores the types that are not there. */
export async function storeSpellings(
  trx: Transaction<InventoryDatabase>,
  types: string[],
): Promise<(type: string) => string> {
  const spellings = await readSpellings(trx, types);
  for (const name of types) {
    if (spellings.has(name)) continue;
    const key = seenForm(name);
    const alike = [...spellings.values()].find((spelling) => seenForm(spelling) === key);
    if (alike === undefined) await trx.insertInto('package_types').values({ name, key }).execute();
    spellings.set(name, alike ?? name);
  }
  return (type) => spellings.get(type) ?? type;
}

/** The spelling of one type, for a look-up. */
export async function spellingOf(db: Kysely<InventoryDatabase>, type: string): Promise<string> {
  return (await readSpellings(db, [type])).get(type) ?? type;
}
