import { feedQuery } from '@doorstep/kit/http/feed.ts';
import { z } from 'zod';

export const deliveryState = z.enum(['pending', 'retrying', 'delivered', 'dead']);

/** A moment in any form of ISO 8601 that says where it is. */
const moment = z.iso
  .datetime({ offset: true, error: 'must be a time such as 2026-01-31T12:00:00Z' })
  .transform((text) => new Date(text).toISOString());

/** Which deliveries to list, over HTTP and on the command line. */
export const deliveryFilter = z.object({ ...feedQuery, state: deliveryState.optional() });

/** When the dead that are to be replayed died. */
export const deathRange = { since: moment.optional(), until: moment.optional() };
