import type { Attempted } from '../attempted.ts';
import { needsReading } from '../before-post.ts';
import type { MiddlewareContext } from '../context.ts';
import { type ClaimedDelivery, departedReason, type Outcome, type SeenCustomer } from '../delivery.ts';
import { unreadableFault } from '../intake/read-page.ts';
import { stopFor, toStranger } from '../intake/same-crm.ts';
import { numberInLedger, readAgain } from '../life-cycle.ts';
import type { NoPage } from '../ports.ts';
import { isOtherPerson, type Stranger } from '../strangers.ts';
import type { Reader } from './reader.ts';
import { type OutOfReach, readingAgeMaxMs } from './reading.ts';

type Means = Pick<MiddlewareContext, 'clock' | 'write' | 'logger'> & { reader: Reader };

/**
 * Reads customers from the CRM again if their deliveries ask for it, or if they were last read more than a minute ago.
 * Gives the deliveries that can go on, and those that cannot, each with the reason.
 */
export async function readCustomersAgain(
  means: Means,
  deliveries: ClaimedDelivery[],
): Promise<{ ready: ClaimedDelivery[]; ended: Attempted[] }> {
  const { reader, clock } = means;
  const strangers: Stranger[] = [];
  const isUnread = (delivery: ClaimedDelivery) => needsReading(delivery.beforePost) || isOld(delivery, clock.now());
  const ready = deliveries.filter((delivery) => !isUnread(delivery));
  const ended: Attempted[] = [];
  // numbers in their order, which is that of the pages
  const unread = deliveries.filter(isUnread).sort((a, b) => numberInLedger(a) - numberInLedger(b));
  const startMs = clock.monotonicMs();
  for (const delivery of unread) {
    // whoever asked for a reading asked because of what was known until then
    const sinceMs = needsReading(delivery.beforePost) ? startMs : Number.NEGATIVE_INFINITY;
    const reading = await reader.read(delivery.customerId, { sinceMs, isAlone: unread.length === 1 });
    if (reading.kind === 'out of reach' && !needsReading(delivery.beforePost)) {
      // it is only old, and nothing says that the customer was deleted or renamed
      ready.push(delivery);
      continue;
    }
    if (reading.kind !== 'reading') {
      ended.push({ delivery, outcome: unable(reading), endedAt: 'read' });
      continue;
    }
    const { customer, at } = reading;
    const was = { name: delivery.customerName, createdAt: delivery.customerCreatedAt };
    if (customer && isOtherPerson(was, customer)) {
      strangers.push(toStranger(was, customer));
      ended.push({ delivery, outcome: ofAnother, endedAt: 'read' });
      continue;
    }
    const outcome = withoutPost(delivery, customer);
    if (customer && !outcome) ready.push(readAgain(delivery, customer, at));
    else if (outcome) ended.push({ delivery: { ...delivery, readAt: at }, outcome, endedAt: 'read' });
  }
  await stopFor(means, strangers);
  return { ready, ended };
}

/** Deliveries are stopped; whether this one goes on is for a person to decide. */
const ofAnother: Outcome = {
  kind: 'retry',
  reason: 'the id of this customer belongs to another person in the CRM now',
  inDoubt: false,
  whose: 'crm',
};

/** A clock that was set makes a reading look old, and it is repeated. */
function isOld({ readAt }: ClaimedDelivery, now: Date): boolean {
  return readAt === undefined || Math.abs(now.getTime() - Date.parse(readAt)) > readingAgeMaxMs;
}

/** What a customer's delivery comes to if the CRM cannot show that customer. */
export function unable({ kind, reason }: NoPage | OutOfReach): Outcome {
  if (kind === 'unavailable') return { kind: 'retry', reason, inDoubt: false, whose: 'crm' };
  const fault = kind === 'unreadable' ? unreadableFault(reason) : reason;
  return { kind: 'retry', reason: fault, inDoubt: false, whose: 'customer' };
}

/** The outcome if there is nothing to post: no customer, no name, or the record that the Inventory has refused. */
function withoutPost(delivery: ClaimedDelivery, customer: SeenCustomer | undefined): Outcome | undefined {
  if (!customer) return { kind: 'rejected', reason: departedReason };
  const isSame = customer.name === delivery.customerName;
  const reason = customer.fault ?? (isSame ? delivery.refusal : undefined);
  return reason === undefined ? undefined : { kind: 'retry', reason, inDoubt: false, whose: 'customer' };
}
