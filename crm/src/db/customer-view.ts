import { type Account, type Customer, fieldsOf, integrationStatus } from '../customer.ts';
import type { CustomerRow } from './customers.ts';

/** A customer as the API shows it. */
export function toCustomer(row: CustomerRow): Customer {
  return {
    id: row.id,
    ...fieldsOf(row),
    created_at: row.created_at,
    integration_status: integrationStatus(row.integration_state, row.integration_error),
    integration: {
      state: row.integration_state,
      package_id: row.package_id === null ? null : JSON.parse(row.package_id),
      attempts: row.integration_attempts,
      error: row.integration_error,
      updated_at: row.integration_updated_at,
    },
  };
}

export function toAccount(row: CustomerRow): Account {
  return { ...toCustomer(row), deleted_at: row.deleted_at };
}
