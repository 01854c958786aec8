import type { CrmContext } from '../context.ts';
import type { IntegrationResult } from '../customer.ts';
import { updateIntegration } from '../db/customers.ts';

/** Takes in what became of packages. Safe to repeat. */
export async function reportIntegration(context: CrmContext, results: IntegrationResult[]): Promise<void> {
  const { write, clock, integrationChanges } = context;
  await write(async (trx) => {
    const now = clock.now().toISOString();
    for (const result of results) await updateIntegration(trx, result, now);
  });
  for (const { customer_id } of results) integrationChanges.emit(String(customer_id));
}
