import type { CrmContext } from '../context.ts';
import { type CustomerRow, requireCustomer } from '../db/customers.ts';

/** @throws AppError `not_found` */
export function getAccount({ db }: Pick<CrmContext, 'db'>, id: number): Promise<CustomerRow> {
  return requireCustomer(db, id);
}
