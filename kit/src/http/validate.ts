import type { z } from 'zod';
import { AppError, type FieldError } from '../errors.ts';

/** @throws AppError `invalid` with one sentence and one entry for each field that is wrong. */
export function parseBody<S extends z.ZodType>(schema: S, body: unknown, what = 'The request body'): z.output<S> {
  const input = body ?? {};
  if (typeof input !== 'object' || Array.isArray(input)) throw new AppError('invalid', `${what} must be a JSON object`);
  return parse(schema, input);
}

/** @throws AppError `invalid`, as `parseBody`. */
export function parse<S extends z.ZodType>(schema: S, input: object): z.output<S> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const errors = result.error.issues.map(({ path, message }) => ({ path, message }));
  throw invalid(errors, input);
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
