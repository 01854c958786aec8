import type { z } from 'zod';
import { AppError, type FieldError } from '../errors.ts';

/** @throws AppError `invalid` with one sentence and one entry for each field that is wrong. */
export function parseBody<S extends z.ZodType>(schema: S, body: unknown, what = 'The request body'): z.output<S> {
  const input = body === undefined ? {} : body;
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    throw new AppError('invalid', `${what} must be a JSON object`);
  return parse(schema, input);
}

/** @throws AppError `invalid`, as `parseBody`. */
export function parse<S extends z.ZodType>(schema: S, input: object): z.output<S> {
  const result = schema.safeParse(input, { error: sentence });
  if (result.success) return result.data;
  const errors = result.error.issues.map(({ path, message }) => ({ path, message }));
  throw invalid(errors, input);
}

/** What a field must be, in words that follow its name. A schema that says it in words of its own goes first. */
function sentence(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_type') return `must be ${/^[aeiou]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`;
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.join(', ')}`;
  const unit = issue.origin === 'string' ? ' characters long' : issue.origin === 'array' ? ' entries long' : '';
  if (issue.code === 'too_big') return `must be at most ${issue.maximum}${unit}`;
  if (issue.code === 'too_small') return `must be at least ${issue.minimum}${unit}`;
  return undefined;
}

type Issue = { path: PropertyKey[]; message: string };

function invalid(issues: Issue[], input: object): AppError {
  const missing = issues.filter((issue) => isMissing(issue, input));
  const wrong = issues.filter((issue) => !missing.includes(issue));
  const sentences = wrong.map(({ path, message }) => `${fieldName(path)} ${message}`.trim());
  if (missing.length > 0) {
    sentences.unshift(`Missing required fields: ${missing.map(({ path }) => fieldName(path)).join(', ')}`);
  }
  const errors: FieldError[] = [
    ...missing.map(({ path }) => ({ field: fieldName(path), message: 'is required' })),
    ...wrong.map(({ path, message }) => ({ field: fieldName(path), message })),
  ];
  return new AppError('invalid', sentences.join('; '), { errors });
}

/** Absent, null and empty all mean that the field was not filled in. */
function isMissing({ path }: Issue, input: object): boolean {
  let value: unknown = input;
  for (const key of path) value = (value as Record<PropertyKey, unknown> | undefined)?.[key];
  return path.length > 0 && (value === undefined || value === null || (typeof value === 'string' && !value.trim()));
}

function fieldName(path: PropertyKey[]): string {
  return path.map(String).join('.');
}
