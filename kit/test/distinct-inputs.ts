import fc from 'fast-check';
import { type ApiDocument, sourceOf } from './openapi-requests.ts';
import { branchesOf, type Schema, type SchemaSource, valuesOf } from './schema-values.ts';

type Values = Record<string, unknown>;

/** Two bodies with every field of a request such as `PUT /things/{id}`, with different values where possible. */
export function inputsOf(document: ApiDocument, request: string, seed: number): [first: Values, second: Values] {
  const [method = '', path = ''] = request.split(' ');
  const source = sourceOf(document, { max: 10 });
  const { schema = {} } = document.paths[path]?.[method.toLowerCase()]?.requestBody?.content['application/json'] ?? {};
  const fields = Object.entries(branchesOf(schema, source)[0]?.properties ?? {});
  const pairs = fields.map(([name, field], index) => [name, twoValues(field, source, seed + index)] as const);
  const nth = (index: 0 | 1) => Object.fromEntries(pairs.map(([name, pair]) => [name, pair[index]]));
  return [nth(0), nth(1)];
}

/** The first value is not the default. A service returns both values exactly as sent. */
function twoValues(schema: Schema, source: SchemaSource, seed: number): [first: unknown, second: unknown] {
  const branches = branchesOf(schema, source);
  const defaults = branches.map((branch) => branch.default);
  // fields of the same kind share one example, so the example is not distinct
  const examples = branches.map(({ example }) => example).filter((example) => typeof example === 'string');
  const plain = valuesOf(schema, source).filter((value) => isPlain(value) && !examples.includes(value as string));
  const pairs = fc.tuple(plain, plain).filter(([first, second]) => first !== second && !defaults.includes(first));
  const [pair] = fc.sample(pairs, { numRuns: 1, seed });
  if (!pair) throw new Error(`no distinct values for ${JSON.stringify(schema)}`);
  return pair;
}

/** Excludes null, strings that are trimmed or normalized, and numbers that a database would round. */
function isPlain(value: unknown): boolean {
  if (typeof value === 'string') return /^[!-~]+$/.test(value);
  if (typeof value === 'number') return value > 0 && Number.isInteger(value * 100);
  return value !== null;
}
