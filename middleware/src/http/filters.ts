import { feedQuery } from '@doorstep/kit/http/feed.ts';
import { z } from 'zod';

export const deliveryState = z.enum(['pending', 'retrying', 'delivered', 'dead']);

const momentMessage = 'must be a time such as 2026-01-31T12:00:00Z';

/** A moment in any form of ISO 8601 that says where it is, of a year that is written in four digits and is not 0. */
const moment = z.iso
  .datetime({ offset: true, error: momentMessage })
  .transform((text) => new Date(text).toISOString())
  .refine((iso) => /^(?!0000)\d{4}-/.test(iso), momentMessage);

/** Which deliveries to list, over HTTP and on the command line. */
export const deliveryFilter = z.object({ ...feedQuery, state: deliveryState.optional() });

/** When the dead that are to be replayed died. */
export const deathRange = { since: moment.optional(), until: moment.optional() };
