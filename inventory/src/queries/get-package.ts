import { AppError } from '@doorstep/kit/errors.ts';
import type { InventoryContext } from '../context.ts';
import { toPackage } from '../db/package-views.ts';
import type { WelcomePackage } from '../package.ts';

/** @throws AppError `not_found` */
export async function getPackage({ db }: InventoryContext, id: number): Promise<WelcomePackage> {
  const row = await db.selectFrom('packages').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) throw new AppError('not_found', 'Package not found');
  return toPackage(row);
}
