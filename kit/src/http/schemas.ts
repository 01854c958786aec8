import { z } from 'zod';
import 'zod-openapi'; // types of `.meta()`

const integerPattern = /^(0|[1-9]\d*)$/;

/** Documents a string of digits as an integer. */
function asInteger(limits: { minimum?: number; maximum?: number; default?: number; example?: number }) {
  return {
    override: ({ jsonSchema }: { jsonSchema: Record<string, unknown> }) => {
      delete jsonSchema['pattern'];
      Object.assign(jsonSchema, { type: 'integer', ...limits });
    },
  };
}

/** Above every id but still exact, so an id that is too large matches no row and is not rounded to another id. */
const beyondAnyId = Number.MAX_SAFE_INTEGER + 1;

const idDigits = z.string().regex(/^[1-9]\d*$/, 'must be a positive integer');

/** A positive id of another system in a path: digit by digit, as text. */
export const exactIdParam = idDigits.meta(asInteger({ minimum: 1, example: 1 }));

const idText = idDigits.transform((text) => Math.min(Number(text), beyondAnyId)).meta(asInteger({ minimum: 1 }));

/** A positive id in a path. An id too large for the database becomes a number that no row has, so the answer is 404. */
export const idParam = idText.meta({ example: 1 });

export const id = z.int('must be a positive integer').min(1, 'must be a positive integer').meta({ example: 1 });

export function integerQuery({ min, max, default: fallback }: { min: number; max: number; default: number }) {
  return integerText({ min, max })
    .default(fallback)
    .meta(asInteger({ minimum: min, maximum: max, default: fallback }));
}

/** An optional whole number in a query. It may have a sign if `min` is below zero. */
export function optionalIntegerQuery({ min, max }: { min: number; max: number }) {
  return integerText({ min, max })
    .optional()
    .meta(asInteger({ minimum: min, maximum: max }));
}

function integerText({ min, max }: { min: number; max: number }) {
  const message = `must be a whole number from ${min} to ${max}`;
  return (
    z
      .string(message)
      // an unencoded plus sign arrives as a space
      .regex(min < 0 ? /^[-+ ]?\d+$/ : integerPattern, message)
      .transform(Number)
      .pipe(z.number().min(min, message).max(max, message))
  );
}

export function optionalAmountQuery({ max }: { max: number }) {
  const message = `must be a number from 0 to ${max} with at most two decimals`;
  return z
    .string(message)
    .regex(/^(0|[1-9]\d*)(\.\d{1,2})?$/, message)
    .transform(Number)
    .pipe(z.number().max(max, message))
    .optional()
    .meta({
      override: ({ jsonSchema }) => {
        delete jsonSchema.pattern;
        Object.assign(jsonSchema, { type: 'number', minimum: 0, maximum: max, multipleOf: 0.01 });
      },
    });
}

export const flagQuery = z
  .enum(['true', 'false'])
  .default('false')
  .transform((text) => text === 'true')
  .meta(asFlag({ default: false }));

export const optionalFlagQuery = z
  .enum(['true', 'false'])
  .transform((text) => text === 'true')
  .optional()
  .meta(asFlag({}));

function asFlag(more: { default?: boolean }) {
  return {
    override: ({ jsonSchema }: { jsonSchema: Record<string, unknown> }) => {
      delete jsonSchema['enum'];
      Object.assign(jsonSchema, { type: 'boolean', ...more });
    },
  };
}

const printable = '[^\\u0000-\\u001f\\u007f-\\u009f]';
const anyText = `^${printable}*$`;
const someText = `^${printable}*[^\\s\\u0000-\\u001f\\u007f-\\u009f]${printable}*$`;

/** A single line of text in any script: trimmed, well-formed, without control characters, measured in code points. */
export function line({ min = 1, max }: { min?: number; max: number }) {
  const message = `must be ${min} to ${max} characters long`;
  return z
    .string()
    .trim()
    .refine((text) => text.isWellFormed() && !/\p{Cc}/u.test(text), 'must not contain control characters')
    .refine((text) => codePoints(text) >= min && codePoints(text) <= max, message)
    .meta({ override: { minLength: min, maxLength: max, pattern: min > 0 ? someText : anyText } });
}

/** Any text that both databases can store, measured in code points. */
export function storableText({ min = 0, max }: { min?: number; max: number }) {
  return z
    .string()
    .refine((text) => codePoints(text) >= min, `must be at least ${min} characters long`)
    .refine((text) => codePoints(text) <= max, `must be at most ${max} characters long`)
    .refine((text) => text.isWellFormed() && !text.includes('\0'), 'must not contain NUL or unpaired surrogates')
    .meta({ override: { ...(min > 0 && { minLength: min }), maxLength: max, pattern: '^[^\\u0000]*$' } });
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** Letters of any script (RFC 6531); at least two labels; no quoted local part and no address literal. */
const emailPattern =
  /^(?!\.)(?!.*\.\.)[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~.-]{1,64}(?<!\.)@(?:[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]{0,61}[\p{L}\p{M}\p{N}])?\.)+[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]{0,61}[\p{L}\p{M}\p{N}])$/u;

const emailMax = 254; // RFC 5321, 4.5.3.1.3, less the angle brackets

export const emailAddress = z
  .string()
  .trim()
  .refine((email) => codePoints(email) <= emailMax, `must be at most ${emailMax} characters long`)
  .pipe(z.email({ pattern: emailPattern, error: 'must be a valid email address' }))
  .meta({
    example: 'alice@example.com',
    override: { format: 'idn-email', maxLength: emailMax, pattern: emailPattern.source },
  });

export const timestamp = z.string().meta({
  format: 'date-time',
  description: 'ISO 8601, UTC, milliseconds',
  example: '2026-01-31T12:00:00.000Z',
});

export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    error: z.string().meta({ description: 'The same sentence as `detail`, for older clients' }),
    errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
    request_id: z.string().optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457' });
