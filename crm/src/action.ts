import { AppError } from '@doorstep/kit/errors.ts';
import { id, line, storableText, timestamp } from '@doorstep/kit/http/schemas.ts';
import { z } from 'zod';

const details = storableText({ max: 10_000 })
  .nullable()
  .meta({ description: '`details` and `description` are two names for the same text', example: 'Asked for a quote' });

const fields = { action_type: line({ max: 100 }).meta({ example: 'call' }), lead_id: id.nullable() };
const texts = { details: details.optional(), description: details.optional() };

export const action = z
  .object({
    id,
    lead_id: id.nullable(),
    action_type: z.string().meta({ example: 'call' }),
    details: z.string().nullable().meta({ example: 'Asked for a quote' }),
    description: z.string().nullable().meta({ example: 'Asked for a quote' }),
    created_at: timestamp,
  })
  .meta({ id: 'Action' });

export const actionInput = z
  .object({ ...fields, lead_id: fields.lead_id.optional(), ...texts })
  .meta({ id: 'ActionInput' });

export const actionChange = z.object(fields).partial().extend(texts).meta({ id: 'ActionChange' });

type Texts = { details?: string | null | undefined; description?: string | null | undefined };

/**
 * Returns the text that the client sent under either name, or undefined if it sent none. A client that sends a whole
 * record back with only one of the two fields changed means the changed one.
 * @throws AppError `invalid` if both fields carry new, different texts.
 */
export function detailsOf(given: Texts, stored: string | null): string | null | undefined {
  const { details = given.description, description = details } = given;
  if (details === description || description === stored) return details;
  if (details === stored) return description;
  const message = 'must be equal to details, or left out';
  throw new AppError('invalid', `description ${message}`, { errors: [{ field: 'description', message }] });
}
