import type { InventoryContext } from '../context.ts';
import { readKits, requireKit, toKits } from '../db/kits.ts';
import { spellingOf } from '../db/package-types.ts';
import type { Kit } from '../kit.ts';

type Context = Pick<InventoryContext, 'db'>;

/** Kits with an id above `after`, in id order, up to `limit` + 1: the extra one shows that more follow. */
export async function listKits({ db }: Context, { after, limit }: { after: number; limit: number }): Promise<Kit[]> {
  const ids = db
    .selectFrom('kits')
    .select('id')
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit + 1);
  return toKits(await readKits(db).where('kits.id', 'in', ids).execute());
}

/** @throws AppError `not_found` */
export async function getKit({ db }: Context, packageType: string): Promise<Kit> {
  return requireKit(db, await spellingOf(db, packageType));
}
