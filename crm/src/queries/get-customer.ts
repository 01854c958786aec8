import { AppError } from '@doorstep/kit/errors.ts';
import type { CrmContext } from '../context.ts';
import type { Customer } from '../customer.ts';
import { toCustomer } from '../db/customer-view.ts';

/** @throws AppError `not_found` */
export async function getCustomer({ db }: Pick<CrmContext, 'db'>, id: number): Promise<Customer> {
  const row = await db.selectFrom('customers').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) throw new AppError('not_found', 'Customer not found');
  return toCustomer(row);
}
