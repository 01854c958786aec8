import { once } from 'node:events';
import type { CrmContext } from '../context.ts';
import type { Customer } from '../customer.ts';
import { getCustomer } from './get-customer.ts';

/** Another process of this CRM may store the result without an event here, so the database is also polled. */
const askAgainMs = 1_000;

/** Waits until the package is created or has failed, the time is over or the signal aborts; returns the customer. */
export async function awaitIntegration(
  context: CrmContext,
  id: number,
  { seconds, signal }: { seconds: number; signal: AbortSignal },
): Promise<Customer> {
  const over = AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000)]);
  for (;;) {
    // listen before reading; otherwise a change between the two would be missed
    const next = AbortSignal.any([over, AbortSignal.timeout(askAgainMs)]);
    const change = once(context.integrationChanges, String(id), { signal: next }).catch(() => undefined);
    const customer = await getCustomer(context, id);
    if (customer.integration.state !== 'pending' || over.aborted) return customer;
    await change;
  }
}
