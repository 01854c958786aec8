import { once } from 'node:events';
import type { CrmContext } from '../context.ts';
import type { Customer } from '../customer.ts';
import { getCustomer } from './get-customer.ts';

/** Another process of this CRM may have taken in the news, so the database is asked again even without any. */
const askAgainMs = 1_000;

/** The customer once its package is created or given up on, or as it is when the time or the signal is over. */
export async function awaitIntegration(
  context: CrmContext,
  id: number,
  { seconds, signal }: { seconds: number; signal: AbortSignal },
): Promise<Customer> {
  const over = AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000)]);
  for (;;) {
    // listening begins before reading, or news between the two would go unheard
    const next = AbortSignal.any([over, AbortSignal.timeout(askAgainMs)]);
    const change = once(context.integrationChanges, String(id), { signal: next }).catch(() => undefined);
    const customer = await getCustomer(context, id);
    if (customer.integration.state !== 'pending' || over.aborted) return customer;
    await change;
  }
}
