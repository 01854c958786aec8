import { feedQuery } from '@doorstep/kit/http/feed.ts';
import { z } from 'zod';

export const deliveryState = z.enum(['pending', 'retrying', 'delivered', 'dead', 'skipped']);

const momentMessage = 'must be a time such as 2026-01-31T12:00:00Z';

/** An ISO 8601 time with an offset, in a year from 0001 to 9999. */
const moment = z.iso
  .datetime({ offset: true, error: momentMessage })
  .transform((text) => new Date(text).toISOString())
  .refine((iso) => /^(?!0000)\d{4}-/.test(iso), momentMessage);

/** Which deliveries to list, over HTTP and on the command line. */
export const deliveryFilter = z.object({ ...feedQuery, state: deliveryState.optional() });

/** The time range in which the deliveries to replay died. */
export const deathRange = { since: moment.optional(), until: moment.optional() };
