import { AppError } from '@doorstep/kit/errors.ts';
import type { CrmContext } from '../context.ts';
import { type Customer, type CustomerInput, emailKey } from '../customer.ts';
import { toCustomer } from '../db/customer-view.ts';
import { findCustomerIdByEmail, insertCustomer } from '../db/customers.ts';

/**
 * Adds a customer, whose package is pending from now on.
 * @throws AppError `conflict` with `existing_id` where the email is taken.
 */
export function createCustomer({ write, clock }: CrmContext, { name, email }: CustomerInput): Promise<Customer> {
  return write(async (trx) => {
    const now = clock.now().toISOString();
    const row = await insertCustomer(trx, {
      name,
      email,
      email_key: emailKey(email),
      created_at: now,
      integration_state: 'pending',
      package_id: null,
      integration_attempts: 0,
      integration_error: null,
      integration_updated_at: now,
    });
    if (row) return toCustomer(row);
    const existing = await findCustomerIdByEmail(trx, emailKey(email));
    throw new AppError('conflict', 'A customer with this email already exists', {
      members: { existing_id: existing?.id },
    });
  });
}
