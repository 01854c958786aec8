import { sql } from 'kysely';
import type { InventoryContext } from '../context.ts';
import { toPackage } from '../db/package-views.ts';
import type { PackageStatus, WelcomePackage } from '../package.ts';

type PackageQuery = {
  after: number;
  limit: number;
  customerId?: number[] | undefined;
  status?: PackageStatus | undefined;
};

/** Packages with an id above `after`, in id order, up to `limit` + 1: the extra one shows that more follow. */
export async function listPackages(
  { db }: InventoryContext,
  { after, limit, customerId, status }: PackageQuery,
): Promise<WelcomePackage[]> {
  let query = db.selectFrom('packages').selectAll().where('id', '>', after);
  if (customerId !== undefined) query = query.where('customer_id', 'in', customerId);
  // || '' keeps the planner from the status index: the customer index finds fewer rows
  const column = customerId === undefined ? sql.ref<PackageStatus>('status') : sql<PackageStatus>`status || ''`;
  if (status !== undefined) query = query.where(column, '=', status);
  const rows = await query
    .orderBy('id')
    .limit(limit + 1)
    .execute();
  return rows.map(toPackage);
}
