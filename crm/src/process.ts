import { id, timestamp } from '@doorstep/kit/http/schemas.ts';
import { keyword, label, name } from '@doorstep/kit/http/texts.ts';
import { z } from 'zod';

const followupMessage = 'must be a time such as 2026-01-31 12:00:00 (UTC) or 2026-01-31T12:00:00Z';

/** zod's pattern, which checks month lengths and leap years, but with a space or a T between date and time. */
const followupPattern = z.core.regexes
  .datetime({ local: true, offset: true })
  .source.replace(')T(', ')[T ](')
  .replace(/^\^(.*)\$$/, '^\\s*$1\\s*$$');

/** Accepts ISO 8601 too. The output is "YYYY-MM-DD HH:MM:SS" in UTC, the form that older clients expect. */
const followupTime = z
  .string()
  .transform((text) =>
    text
      .trim()
      .replace(' ', 'T')
      .replace(/^(.{16})(?=Z|[+-]|$)/, '$1:00'),
  )
  .pipe(z.iso.datetime({ local: true, offset: true, error: followupMessage }))
  .transform((text, issues) => {
    const time = new Date(/(Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`);
    // an offset can shift the time out of the four-digit years
    if (/^\d{4}-/.test(toIso(time))) return toIso(time).slice(0, 19).replace('T', ' ');
    issues.addIssue({ code: 'custom', message: followupMessage });
    return z.NEVER;
  })
  .meta({
    description: '`YYYY-MM-DD HH:MM:SS` in UTC, or ISO 8601',
    example: '2026-01-31 12:00:00',
    override: { type: 'string', pattern: followupPattern },
  });

function toIso(time: Date): string {
  return Number.isNaN(time.getTime()) ? '' : time.toISOString();
}

const fields = {
  name: name({ max: 200 }).meta({ example: 'Onboarding' }),
  lead_id: id.nullable(),
  channel: label({ max: 100 }).nullable().meta({ example: 'email' }),
  last_action_id: id.nullable(),
  next_followup_datetime: followupTime.nullable(),
  status: keyword({ max: 50 }).meta({ example: 'active' }),
};

export const processView = z
  .object({
    id,
    name: z.string().meta({ example: 'Onboarding' }),
    lead_id: id.nullable(),
    channel: z.string().nullable().meta({ example: 'email' }),
    last_action_id: id.nullable(),
    next_followup_datetime: z
      .string()
      .nullable()
      .meta({ description: '`YYYY-MM-DD HH:MM:SS`, UTC', example: '2026-01-31 12:00:00' }),
    status: z.string().meta({ example: 'active' }),
    created_at: timestamp,
  })
  .meta({ id: 'Process' });

export const processChange = z.object(fields).partial().meta({ id: 'ProcessChange' });

export const processInput = processChange
  .extend({ name: fields.name, status: fields.status.default('active') })
  .meta({ id: 'ProcessInput' });
