import type { CrmContext } from '../context.ts';
import type { Customer } from '../customer.ts';
import { toCustomer } from '../db/customer-view.ts';
import { requireCustomer } from '../db/customers.ts';

/** @throws AppError `not_found` */
export async function getCustomer({ db }: Pick<CrmContext, 'db'>, id: number): Promise<Customer> {
  return toCustomer(await requireCustomer(db, id));
}
