import type { CrmContext } from '../context.ts';
import type { IntegrationResult } from '../customer.ts';
import { updateIntegrations } from '../db/customers.ts';

/** Stores the reported package states and wakes the requests that wait for them. Safe to repeat. */
export async function reportIntegration(context: CrmContext, results: IntegrationResult[]): Promise<void> {
  const { write, clock, integrationChanges } = context;
  await write((trx) => updateIntegrations(trx, results, clock.now().toISOString()));
  for (const { customer_id } of results) integrationChanges.emit(String(customer_id));
}
