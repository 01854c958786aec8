import type { Transaction } from 'kysely';
import { setPause } from '../commands/pause.ts';
import { updateDeliveries } from '../db/deliveries.ts';
import { countNameless, findNameless, hasNamed } from '../db/nameless.ts';
import type { LedgerDatabase } from '../db/schema.ts';
import { namelessReason, type SeenCustomer } from '../delivery.ts';
import { startedOver } from '../life-cycle.ts';

/** So many customers in a row, from the first on: fewer may have a fault of their own. */
export const refusedMin = 5;

/**
 * Pauses deliveries if none of at least five customers has a name, for then the CRM names them in another way. Those that
 * were recorded without a name are pending, for after the resume. Gives whether it did.
 */
export async function stopIfAllAreNameless(
  trx: Transaction<LedgerDatabase>,
  customers: SeenCustomer[],
  now: string,
): Promise<boolean> {
  const nameless = customers.find(({ fault }) => fault?.startsWith(namelessReason));
  if (!nameless || (await hasNamed(trx)) || (await countNameless(trx, refusedMin)) < refusedMin) return false;
  const reason = `no customer so far has a usable name; customer ${nameless.id}: ${nameless.fault}`;
  await setPause(trx, { since: now, by: 'doorstep', reason });
  const waiting = await findNameless(trx);
  await updateDeliveries(
    trx,
    waiting.map(({ customer_id, error }) => {
      return startedOver({ customerId: customer_id, beforePost: 'read and look' }, error ?? '', now);
    }),
  );
  return true;
}
