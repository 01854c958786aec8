import type { Clock } from '@doorstep/kit/clock.ts';
import type { Database } from '@doorstep/kit/database/open.ts';
import { listUnpublished, markPublished } from '../db/events.ts';
import type { CrmDatabase } from '../db/schema.ts';
import { type CustomerEvent, objectKey, toCloudEvent } from '../event.ts';
import type { EventBucket } from '../ports.ts';

export type PublishContext = Pick<Database<CrmDatabase>, 'db' | 'write'> & { clock: Clock; bucket: EventBucket };

type Outcome = { published: number; failure?: { event: CustomerEvent; reason: string } };

/** A crash repeats at most this many events. A stop waits only for the event that is being published. */
const batchMax = 100;

/**
 * Publishes the oldest events in order, each after the one before it is stored, and stops at the first failure. After a
 * crash before `markPublished`, the events are published again under the same keys and overwrite themselves.
 */
export async function publishWaiting(context: PublishContext, stop: AbortSignal): Promise<Outcome> {
  const { db, write, clock, bucket } = context;
  let last: CustomerEvent | undefined;
  let outcome: Outcome = { published: 0 };
  for (const event of await listUnpublished(db, batchMax)) {
    if (stop.aborted) break;
    const reason = await bucket.put(objectKey(event), JSON.stringify(toCloudEvent(event)));
    if (reason !== undefined) {
      outcome = { ...outcome, failure: { event, reason } };
      break;
    }
    last = event;
    outcome.published += 1;
  }
  if (last) {
    const { id } = last;
    await write((trx) => markPublished(trx, id, clock.now().toISOString()));
  }
  return outcome;
}
