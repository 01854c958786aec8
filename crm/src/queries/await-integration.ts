import { type EventEmitter, once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { jsonTable } from '@doorstep/kit/database/json-table.ts';
import type { CrmContext } from '../context.ts';
import type { Customer } from '../customer.ts';
import { getCustomer } from './get-customer.ts';

/** Limits memory and queries; whoever comes later is answered at once. */
const waitsMax = 1_000;

/** Another process of this CRM may store the result without an event here, so the database is also polled. */
const askAgainMs = 1_000;

/** Whether one more request may wait. */
export function mayWait({ integrationChanges }: CrmContext): boolean {
  return waitingIn(integrationChanges).length < waitsMax;
}

/** Waits until the package is created or has failed, the time is over or the signal aborts; returns the customer. */
export async function awaitIntegration(
  context: CrmContext,
  id: number,
  { seconds, signal }: { seconds: number; signal: AbortSignal },
): Promise<Customer> {
  const isAnswered = new AbortController();
  const over = AbortSignal.any([signal, isAnswered.signal, AbortSignal.timeout(seconds * 1000)]);
  try {
    for (;;) {
      // listen before reading; otherwise a change between the two would be missed
      const change = once(context.integrationChanges, String(id), { signal: over }).catch(() => undefined);
      const customer = await getCustomer(context, id);
      if (customer.integration.state !== 'pending' || over.aborted) return customer;
      void askAgain(context);
      await change;
    }
  } finally {
    isAnswered.abort();
  }
}

/** The ids of customers; `once` also listens for errors. */
function waitingIn(changes: EventEmitter): string[] {
  return changes.eventNames().filter((name) => name !== 'error') as string[];
}

const asking = new WeakSet<EventEmitter>();

/** One query a second for all who wait. */
async function askAgain({ db, integrationChanges }: CrmContext): Promise<void> {
  if (asking.has(integrationChanges)) return;
  asking.add(integrationChanges);
  for (let ids = waitingIn(integrationChanges); ids.length > 0; ids = waitingIn(integrationChanges)) {
    await setTimeout(askAgainMs, undefined, { ref: false });
    // a database that is away for a moment is asked again
    const pending = await listPending(db, ids.map(Number)).catch(() => undefined);
    for (const id of pending ? ids : []) if (!pending?.has(Number(id))) integrationChanges.emit(id);
  }
  asking.delete(integrationChanges);
}

async function listPending(db: CrmContext['db'], ids: number[]): Promise<Set<number>> {
  const asked = jsonTable(
    db,
    ids.map((id) => ({ id })),
    { id: 'bigint' },
  );
  const rows = await db
    .selectFrom('customers')
    .select('id')
    .where('id', 'in', (eb) => eb.selectFrom(asked.as('asked')).select('id'))
    .where('integration_state', '=', 'pending')
    .where('deleted_at', 'is', null)
    .execute();
  return new Set(rows.map(({ id }) => id));
}
