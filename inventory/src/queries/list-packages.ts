import type { ForeignId } from '@doorstep/kit/http/foreign-id.ts';
import { sql } from 'kysely';
import type { InventoryContext } from '../context.ts';
import { toPackage } from '../db/package-views.ts';
import type { PackageStatus, WelcomePackage } from '../package.ts';

type PackageQuery = {
  after: number;
  limit: number;
  customerIds?: ForeignId[] | undefined;
  status?: PackageStatus | undefined;
};

/** Packages with an id above `after`, in id order, up to `limit` + 1: the extra one shows that more follow. */
export async function listPackages(
  { db }: InventoryContext,
  { after, limit, customerIds, status }: PackageQuery,
): Promise<WelcomePackage[]> {
  let query = db.selectFrom('packages').selectAll().where('id', '>', after);
  if (customerIds !== undefined) query = query.where('customer_id', 'in', customerIds.map(String));
  // || '' keeps the planner from the status index: the customer index finds fewer rows
  const column = customerIds === undefined ? sql.ref<PackageStatus>('status') : sql<PackageStatus>`status || ''`;
  if (status !== undefined) query = query.where(column, '=', status);
  const rows = await query
    .orderBy('id')
    .limit(limit + 1)
    .execute();
  return rows.map(toPackage);
}
