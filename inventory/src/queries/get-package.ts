import type { InventoryContext } from '../context.ts';
import { toPackage } from '../db/package-views.ts';
import { requirePackage } from '../db/packages.ts';
import type { WelcomePackage } from '../package.ts';

/** @throws AppError `not_found` */
export async function getPackage({ db }: InventoryContext, id: number): Promise<WelcomePackage> {
  return toPackage(await requirePackage(db, id));
}
