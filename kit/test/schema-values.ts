import fc from 'fast-check';

/** The part of JSON Schema 2020-12 that the OpenAPI 3.1 documents use. Recursive schemas are not supported. */
export type Schema = {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  minItems?: number;
  maxItems?: number;
  uniqueItems?: boolean;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  format?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  example?: unknown;
  default?: unknown;
};

export type SchemaSource = {
  /** Returns the schema that a `$ref` refers to. */
  resolve: (ref: string) => Schema;
  /** Ids of existing rows, to try in place of any positive integer. */
  ids: fc.Arbitrary<number>;
};

/** The schema with `$ref` and `allOf` resolved. */
function flatten(schema: Schema, source: SchemaSource): Schema {
  const { $ref, allOf, ...own } = schema;
  const parts = [...($ref === undefined ? [] : [source.resolve($ref)]), ...(allOf ?? [])];
  return parts.map((part) => flatten(part, source)).reduce(merge, own);
}

/** A schema for values that match both, unless they contradict each other. */
function merge(a: Schema, b: Schema): Schema {
  const properties = { ...a.properties };
  for (const [name, schema] of Object.entries(b.properties ?? {}))
    properties[name] = merge(properties[name] ?? {}, schema);
  const required = [...new Set([...(a.required ?? []), ...(b.required ?? [])])];
  const isObject = a.properties !== undefined || b.properties !== undefined;
  return { ...a, ...b, ...(isObject && { properties, required }) };
}

/** The alternatives of a schema: a value must match one of them. */
export function branchesOf(schema: Schema, source: SchemaSource): Schema[] {
  const { anyOf, oneOf, ...rest } = flatten(schema, source);
  const branches = anyOf ?? oneOf;
  if (branches) return branches.flatMap((branch) => branchesOf(merge(rest, flatten(branch, source)), source));
  return Array.isArray(rest.type) ? rest.type.map((type) => ({ ...rest, type })) : [rest];
}

/** Valid values of a schema, with more values at its limits than by chance. */
export function valuesOf(schema: Schema, source: SchemaSource): fc.Arbitrary<unknown> {
  return fc.oneof(...branchesOf(schema, source).map((branch) => valuesOfBranch(branch, source)));
}

function valuesOfBranch(schema: Schema, source: SchemaSource): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const known = [schema.example, schema.default].filter((value) => value !== undefined);
  const values = valuesOfType(schema, source);
  return known.length === 0 ? values : fc.oneof({ weight: 9, arbitrary: values }, fc.constantFrom(...known));
}

function valuesOfType(schema: Schema, source: SchemaSource): fc.Arbitrary<unknown> {
  if (schema.type === 'string') return texts(schema);
  if (schema.type === 'integer') return integers(schema, source);
  if (schema.type === 'number') return numbers(schema);
  if (schema.type === 'boolean') return fc.boolean();
  if (schema.type === 'null') return fc.constant(null);
  if (schema.type === 'array') return arrays(schema, source);
  if (schema.type === 'object' || schema.properties) return objects(schema, source);
  return fc.jsonValue();
}

function objects({ properties = {}, required = [], additionalProperties = true }: Schema, source: SchemaSource) {
  const values = Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, valuesOf(value, source)]));
  const known = fc.record(values, { requiredKeys: required, noNullPrototype: true });
  if (additionalProperties === false) return known;
  const other = additionalProperties === true ? fc.jsonValue() : valuesOf(additionalProperties, source);
  const name = fc.string().filter((key) => key !== '__proto__' && !Object.hasOwn(properties, key));
  const more = fc.dictionary(name, other, { maxKeys: 2, noNullPrototype: true });
  return fc.oneof(
    { weight: 4, arbitrary: known },
    fc.tuple(known, more).map(([a, b]) => ({ ...b, ...a })),
  );
}

/** Long arrays are rare, because generating their items takes time. */
const usualItemsMax = 4;

function arrays({ items = {}, minItems = 0, maxItems, uniqueItems }: Schema, source: SchemaSource) {
  const item = valuesOf(items, source);
  const maxLength = Math.min(maxItems ?? usualItemsMax, minItems + usualItemsMax);
  if (uniqueItems)
    return fc.uniqueArray(item, { minLength: minItems, maxLength, selector: (it) => JSON.stringify(it) });
  const usual = fc.array(item, { minLength: minItems, maxLength });
  if (maxItems === undefined) return usual;
  const full = item.map((value) => Array(maxItems).fill(value));
  return fc.oneof({ weight: 19, arbitrary: usual }, full);
}

function integers(schema: Schema, { ids }: SchemaSource) {
  const { minimum = Number.MIN_SAFE_INTEGER, maximum = Number.MAX_SAFE_INTEGER } = schema;
  const min = Math.max(minimum, (schema.exclusiveMinimum ?? Number.NEGATIVE_INFINITY) + 1);
  const max = Math.min(maximum, (schema.exclusiveMaximum ?? Number.POSITIVE_INFINITY) - 1);
  const all = fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max));
  return min === 1 ? fc.oneof({ weight: 3, arbitrary: ids.map((id) => Math.min(id, max)) }, all) : all;
}

function numbers(schema: Schema): fc.Arbitrary<number> {
  const min = schema.minimum ?? schema.exclusiveMinimum ?? -1e9;
  const max = schema.maximum ?? schema.exclusiveMaximum ?? 1e9;
  const inside = (value: number) => value !== schema.exclusiveMinimum && value !== schema.exclusiveMaximum;
  // no keyword for it suits every validator, so a limit with two decimals says that the amounts have as many
  if (Number.isInteger(max) || !Number.isInteger(max * 100)) return fc.double({ min, max, noNaN: true }).filter(inside);
  // 7 / 100 is exactly 0.07, but 7 * 0.01 is not
  const cents = fc.integer({ min: Math.ceil(min * 100), max: Math.floor(max * 100) });
  return cents.map((count) => count / 100).filter(inside);
}

const codePointsOf = (text: string) => [...text].length;

/** Cached, because finding usable candidates for a pattern takes time. */
const textsMade = new Map<string, fc.Arbitrary<string>>();

function texts({ minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern, format }: Schema): fc.Arbitrary<string> {
  const key = JSON.stringify([minLength, maxLength, pattern, format]);
  const made = textsMade.get(key) ?? makeTexts({ minLength, maxLength, pattern, format });
  textsMade.set(key, made);
  return made;
}

type TextLimits = { minLength: number; maxLength: number; pattern: string | undefined; format: string | undefined };

function makeTexts({ minLength, maxLength, pattern, format }: TextLimits): fc.Arbitrary<string> {
  const expression = new RegExp(pattern ?? '', 'u');
  // patterns for every engine cannot name the invisible characters, so one without control characters means all of them
  const isVisible = !expression.test('a\u0001a');
  const fits = (text: string) => {
    const length = codePointsOf(text);
    if (isVisible && (invisible.test(text) || /^[\p{M}\p{C}\s]+$/u.test(text))) return false;
    return length >= minLength && length <= maxLength && expression.test(text);
  };
  const isEmail = pattern?.includes('@') ?? false;
  const candidates = isEmail
    ? [fc.emailAddress(), emails]
    : [formatted(format), matching(pattern), anyTexts({ minLength, maxLength, isVisible })];
  const usable = candidates
    .filter((candidate) => candidate !== undefined)
    .filter((candidate) => isLikely(candidate, fits));
  const [first, ...others] = usable.map((candidate) => candidate.filter(fits));
  if (!first) throw new Error(`cannot generate a string of the format ${format} that matches ${pattern}`);
  // strings without the format are rarely valid
  return format === undefined ? fc.oneof(first, ...others) : first;
}

/** Whether enough candidates pass the filter. */
function isLikely(candidate: fc.Arbitrary<string>, fits: (text: string) => boolean): boolean {
  return fc.sample(candidate, { numRuns: 40, seed: 1 }).filter(fits).length > 4;
}

function matching(pattern: string | undefined): fc.Arbitrary<string> | undefined {
  if (pattern === undefined) return undefined;
  try {
    return fc.stringMatching(new RegExp(pattern, 'u'), { maxLength: 100 });
  } catch {
    return undefined; // fast-check does not support lookahead and lookbehind
  }
}

const invisible = /[\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800\u1680\u2000-\u200a\u202f\u205f\u3000]/u;

/** Includes letters that expand in another case, combining marks and surrogate pairs. */
const visibleLetters = [...'aZ09 -_.\'"%\\/éßİŉжא漢😀𝒳\u0301\u00a0\ufffd'];
const letters = fc.constantFrom(...visibleLetters, '\u200d', '\u202e', '\ufeff');

const anyCharacter = fc
  .oneof(fc.integer({ min: 0, max: 0xd7ff }), fc.integer({ min: 0xe000, max: 0x10ffff }))
  .map((code) => String.fromCodePoint(code));

function anyTexts({ minLength, maxLength, isVisible }: { minLength: number; maxLength: number; isVisible: boolean }) {
  const usual = { minLength, maxLength: Math.min(maxLength, minLength + 30) };
  const unit = isVisible ? fc.constantFrom(...visibleLetters) : letters;
  const kinds = [
    { weight: 4, arbitrary: fc.string({ unit, ...usual }) },
    { weight: 2, arbitrary: fc.string({ unit: anyCharacter, ...usual }) },
    { weight: 2, arbitrary: fc.string({ unit: 'binary-ascii', ...usual }) },
  ];
  const full = unit.map((letter) => letter.repeat(maxLength));
  return Number.isFinite(maxLength) ? fc.oneof(...kinds, { weight: 1, arbitrary: full }) : fc.oneof(...kinds);
}

function formatted(format: string | undefined): fc.Arbitrary<string> | undefined {
  if (format === 'date-time') return moments;
  if (format === 'date') return moments.map((moment) => moment.slice(0, 10));
  if (format === 'email') return fc.emailAddress();
  if (format === 'uuid') return fc.uuid();
  if (format === 'uri') return fc.webUrl();
  return undefined;
}

/** All dates stay in four-digit years: a database cannot store others, but the schema does not say so. */
const moments = fc.oneof(
  fc
    .tuple(
      fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }),
      fc.constantFrom('Z', '+00:00', '-11:30'),
    )
    .map(([date, zone]) => date.toISOString().replace('Z', zone)),
  fc.constantFrom('0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z', '2026-02-28T23:59:59.123456789+14:00'),
);

const emails = fc
  .tuple(
    fc.string({ unit: fc.constantFrom(..."azAZ09éßİжא漢𝒳!#$%&'*+/=?^_`{|}~.-"), minLength: 1, maxLength: 64 }),
    fc.array(fc.string({ unit: fc.constantFrom(...'aZ0éжא漢-'), minLength: 1, maxLength: 63 }), {
      minLength: 2,
      maxLength: 4,
    }),
  )
  .map(([local, labels]) => `${local}@${labels.join('.')}`);
