import type { z } from 'zod';
import { AppError, type FieldError } from '../errors.ts';
import { printable } from '../text/printable.ts';

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

/**
 * An empty parameter counts as absent.
 * @throws AppError `invalid`, also for a parameter that the route does not take, or that is given twice.
 */
export function parseQuery(schema: z.ZodObject | undefined, query: Record<string, unknown>): unknown {
  const taken = Object.keys(schema?.shape ?? {});
  const unknown = Object.keys(query).filter((name) => !taken.includes(name));
  if (unknown.length > 0) throw unknownParameters(unknown, taken);
  const given = Object.entries(query).map(([name, value]) => {
    return { name, values: [value].flat().filter((text) => text !== '') };
  });
  const repeated = given.filter(({ values }) => values.length > 1);
  if (repeated.length > 0)
    throw invalid(repeated.map(({ name }) => ({ path: [name], message: 'must be given only once' })));
  return schema && parse(schema, Object.fromEntries(given.map(({ name, values: [value] }) => [name, value])));
}

const unknownShownMax = 10;
const unknownLengthMax = 50;

function unknownParameters(names: string[], taken: string[]): AppError {
  const shown = names.slice(0, unknownShownMax).map((name) => printable(name).slice(0, unknownLengthMax));
  const are = shown.length > 1 ? 'are not query parameters' : 'is not a query parameter';
  const takes = taken.length > 0 ? taken.join(', ') : 'none';
  return new AppError('invalid', `${shown.join(', ')} ${are} of this route, which takes ${takes}`, {
    errors: shown.map((field) => ({ field, message: 'is not a query parameter of this route' })),
  });
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

function invalid(issues: Issue[], missingFields = new Set<string>()): AppError {
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
