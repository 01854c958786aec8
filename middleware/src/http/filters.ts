import { feedQuery } from '@doorstep/kit/http/feed.ts';
import { foreignIdForm, foreignIdSentence } from '@doorstep/kit/http/foreign-id.ts';
import { line, storableText } from '@doorstep/kit/http/schemas.ts';
import { isVisibleId } from '@doorstep/kit/text/visible-id.ts';
import { z } from 'zod';
import { toCustomerKey } from '../customer-key.ts';

export const deliveryState = z.enum(['pending', 'retrying', 'delivered', 'dead', 'held', 'skipped']);

/** A customer's id in a path. One that no customer can have is not found. */
export const customerKey = z
  .string(foreignIdSentence)
  .refine(isVisibleId, foreignIdSentence)
  .transform((text) => toCustomerKey(text) ?? text)
  .meta({ override: foreignIdForm });

const momentMessage = 'must be a time such as 2026-01-31T12:00:00Z';

/** An ISO 8601 time with an offset, in a year from 0001 to 9999. */
const moment = z.iso
  .datetime({ offset: true, error: momentMessage })
  .transform((text) => new Date(text).toISOString())
  .refine((iso) => /^(?!0000)\d{4}-/.test(iso), momentMessage);

const customerAfter = customerKey
  .transform((key) => (key === '0' ? 0 : key))
  .default(0)
  .meta({ override: foreignIdForm, description: 'Only customers after this one' });

/** Which deliveries to list, over HTTP and on the command line. */
export const deliveryFilter = z.object({ ...feedQuery, after: customerAfter, state: deliveryState.optional() });

/** The time range in which the deliveries to replay died or were held. */
export const endRange = { since: moment.optional(), until: moment.optional() };

/** A package as a person names it: digits are a number, as in the Inventory's answers. */
export const packageIdGiven = z
  .union([z.int().positive(), line({ max: 200 })], { error: 'must be the id of a package' })
  .transform((given) =>
    /^[1-9]\d{0,15}$/.test(String(given)) && Number.isSafeInteger(Number(given)) ? Number(given) : given,
  );

/** Why an operator pauses deliveries. */
export const pauseReason = storableText({ min: 1, max: 200 });
