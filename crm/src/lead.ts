import { emailAddress, id, timestamp } from '@doorstep/kit/http/schemas.ts';
import { keyword, name as nameOf } from '@doorstep/kit/http/texts.ts';
import { z } from 'zod';

const name = nameOf({ max: 200 }).meta({ example: 'Bob Example' });
const status = keyword({ max: 50 }).meta({ example: 'new' });

export const lead = z
  .object({
    id,
    email: z.string().meta({ example: 'bob@example.com' }),
    name: z.string().nullable().meta({ example: 'Bob Example' }),
    status: z.string().meta({ example: 'new' }),
    created_at: timestamp,
  })
  .meta({ id: 'Lead' });

export const leadInput = z
  .object({ email: emailAddress, name: name.nullish(), status: status.default('new') })
  .meta({ id: 'LeadInput' });

export const leadChange = z
  .object({ email: emailAddress, name: name.nullable(), status })
  .partial()
  .meta({ id: 'LeadChange' });
