import type { Clock } from '@doorstep/kit/clock.ts';
import type { Database } from '@doorstep/kit/database/open.ts';
import { listUnpublished, markPublished } from '../db/events.ts';
import type { CrmDatabase } from '../db/schema.ts';
import { type CustomerEvent, objectKey, toCloudEvent } from '../event.ts';
import type { EventBucket } from '../ports.ts';

export type PublishContext = Pick<Database<CrmDatabase>, 'db' | 'write'> & { clock: Clock; bucket: EventBucket };

type Outcome = { published: number; failure?: { event: CustomerEvent; reason: string } };

/** A crash repeats as many at most; nobody waits longer for a stop than for one of them. */
const batchMax = 100;

/**
 * Publishes the oldest events one after the other, each only once the one before it is stored, up to the first that
 * fails. What a crash before the mark repeats has the same key, and overwrites itself.
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
