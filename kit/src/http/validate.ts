import type { z } from 'zod';
import { AppError, type FieldError } from '../errors.ts';

/** @throws AppError `invalid` with one sentence and one entry for each invalid field. */
export function parseBody<S extends z.ZodType>(schema: S, body: unknown, what = 'The request body'): z.output<S> {
  const input = body === undefined ? {} : body;
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    throw new AppError('invalid', `${what} must be a JSON object`);
  return parse(schema, input);
}

/** @throws AppError `invalid`, as `parseBody` does. */
export function parse<S extends z.ZodType>(schema: S, input: object): z.output<S> {
  const result = schema.safeParse(input, { error: sentence });
  if (result.success) return result.data;
  throw invalid(result.error.issues, missingFields(schema, input));
}

/** The message for an issue, to follow the name of its field. A schema's own message takes precedence. */
function sentence(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_type') {
    const isNumber = issue.expected === 'number' || issue.expected === 'int';
    if (isNumber && typeof issue.input === 'bigint') return 'must be a number of at most 15 digits';
    return `must be ${/^[aeiou]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`;
  }
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.join(', ')}`;
  const unit = issue.origin === 'string' ? ' characters long' : issue.origin === 'array' ? ' entries long' : '';
  if (issue.code === 'too_big') return `must be at most ${issue.maximum}${unit}`;
  if (issue.code === 'too_small') return `must be at least ${issue.minimum}${unit}`;
  return undefined;
}

type Issue = { path: PropertyKey[]; message: string };

const issuesMax = 100;

function invalid(issues: Issue[], missingFields: Set<string>): AppError {
  const some = issues.slice(0, issuesMax);
  const missing = some.filter(({ path }) => missingFields.has(fieldName(path)));
  const wrong = some.filter(({ path }) => !missingFields.has(fieldName(path)));
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

/**
 * The missing required fields. Null and blank strings count as missing: the input is parsed again without them to find
 * the fields that are required.
 */
function missingFields(schema: z.ZodType, input: object): Set<string> {
  const filled = Object.fromEntries(Object.entries(input).filter(([, value]) => !isBlank(value)));
  const absent = ({ path }: Issue) => {
    const value = valueAt(filled, path);
    return path.length > 0 && (value === undefined || isBlank(value));
  };
  const issues = schema.safeParse(filled).error?.issues ?? [];
  return new Set(issues.filter(absent).map(({ path }) => fieldName(path)));
}

function isBlank(value: unknown): boolean {
  return value === null || (typeof value === 'string' && value.trim() === '');
}

function valueAt(input: unknown, path: PropertyKey[]): unknown {
  return path.reduce((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], input);
}

function fieldName(path: PropertyKey[]): string {
  return path.map(String).join('.');
}
