import fc from 'fast-check';
import { type Schema, type SchemaSource, valuesOf } from './schema-values.ts';

type Parameter = { in: 'path' | 'query' | 'header'; name: string; required?: boolean; schema: Schema };

type OperationObject = {
  parameters?: Parameter[];
  requestBody?: { content: Record<string, { schema: Schema; example?: unknown }> };
  responses: Record<string, ResponseObject>;
};

export type ResponseObject = {
  headers?: Record<string, { required?: boolean; schema: Schema }>;
  content?: Record<string, { schema: Schema }>;
};

export type ApiDocument = {
  paths: Record<string, Record<string, OperationObject>>;
  components: { schemas: Record<string, Schema> };
};

export type Operation = OperationObject & { method: string; path: string };

/** A request as sent, with an encoded path. */
export type ApiRequest = { method: string; path: string; headers: Record<string, string>; body?: string | Buffer };

export function operationsOf({ paths }: ApiDocument): Operation[] {
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ ...operation, method: method.toUpperCase(), path })),
  );
}

/** A schema of the document that needs nothing else of it. */
export function standalone(schema: Schema, { components }: Pick<ApiDocument, 'components'>) {
  const text = JSON.stringify({ ...schema, $defs: components.schemas });
  return JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/'));
}

type Ids = {
  /** The highest existing id. */
  max: number;
  /** Another id to use often, read when the request is generated. */
  own?: () => number;
};

/** Resolves the schemas of a document, for requests that use these ids more often than others. */
export function sourceOf(document: ApiDocument, { max, own }: Ids): SchemaSource {
  const resolve = (ref: string) => {
    const keys = ref.slice('#/'.length).split('/');
    return keys.reduce((part, key) => (part as Record<string, object>)[key] ?? {}, document as object) as Schema;
  };
  const upToMax = fc.integer({ min: 1, max });
  if (!own) return { resolve, ids: upToMax };
  const known = fc.constant(own).map((id) => id());
  return { resolve, ids: fc.oneof(upToMax, known) };
}

/** The parts of a request. Segments and query are encoded. */
export type Parts = {
  segments: Record<string, string>;
  query: string[];
  headers: Record<string, string>;
  body?: string | Buffer;
};

/** Requests that the document allows. */
export function validRequests(operation: Operation, source: SchemaSource): fc.Arbitrary<ApiRequest> {
  return validParts(operation, source).map((parts) => assemble(operation, parts));
}

export function validParts({ parameters = [], requestBody }: Operation, source: SchemaSource): fc.Arbitrary<Parts> {
  const of = (place: Parameter['in']) => parameters.filter((parameter) => parameter.in === place);
  const values = (place: Parameter['in']) => {
    const texts = of(place).map((parameter) => [parameter.name, parameterTexts(parameter, source)]);
    const requiredKeys = of(place)
      .filter(({ required }) => required)
      .map(({ name }) => name);
    return fc.record(Object.fromEntries(texts) as Record<string, fc.Arbitrary<string>>, { requiredKeys });
  };
  const [type, content] = Object.entries(requestBody?.content ?? {})[0] ?? [];
  const { schema = {}, example } = content ?? {};
  const whole = { ...schema, ...(example !== undefined && { example }) };
  const bodies = content ? valuesOf(whole, source) : fc.constant(undefined);
  return fc
    .record({ path: values('path'), query: values('query'), headers: values('header'), body: bodies })
    .map(({ path, query, headers, body }) => ({
      segments: mapValues(path, encodeURIComponent),
      query: Object.entries(query).map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`),
      headers: { ...headers, ...(type !== undefined && { 'Content-Type': type }) },
      ...(type !== undefined && { body: JSON.stringify(body) }),
    }));
}

function parameterTexts({ in: place, name, schema }: Parameter, source: SchemaSource): fc.Arbitrary<string> {
  if (/^if-(none-)?match$/i.test(name)) return entityTags;
  if (place === 'header' && schema.pattern === undefined) return headerTexts;
  const texts = valuesOf(schema, source).map(String);
  const isUnlimited = schema.type === 'integer' && schema.maximum === undefined;
  return isUnlimited ? fc.oneof({ weight: 9, arbitrary: texts }, fc.constant('99999999999999999999')) : texts;
}

const entityTags = fc.constantFrom('*', '"1"', '"2"', 'W/"1"', '"1", "2"', '"', 'x', '');
const latin1 = fc.integer({ min: 0x20, max: 0xff }).filter((code) => code < 0x7f || code > 0x9f);
const headerTexts = fc.string({ unit: latin1.map((code) => String.fromCharCode(code)), maxLength: 30 });

export function assemble({ method, path }: Operation, { segments, query, headers, body }: Parts): ApiRequest {
  const filled = path.replace(/\{(\w+)\}/g, (_, name) => segments[name] ?? '');
  const request = {
    method,
    path: query.length > 0 ? `${filled}?${query.join('&')}` : filled,
    headers,
    ...(body !== undefined && { body }),
  };
  return Object.assign(request, { [fc.toStringMethod]: () => written(request) });
}

const shownMax = 500;

/** The request in one or two lines, to reproduce it. */
function written({ method, path, headers, body }: ApiRequest): string {
  const text = typeof body === 'string' ? JSON.stringify(body) : body && `bytes ${body.toString('hex')}`;
  const parts = [path, JSON.stringify(headers), ...(text ? [text] : [])];
  return `${method} ${parts.map(shortened).map(visible).join(' ')}`;
}

function visible(text: string): string {
  return text.replace(/(?! )[\p{C}\p{Z}\p{M}]/gu, (letter) => `\\u{${letter.codePointAt(0)?.toString(16)}}`);
}

function shortened(text: string): string {
  return text.length > shownMax ? `${text.slice(0, shownMax)}… (${text.length} characters)` : text;
}

function mapValues(record: Record<string, string>, change: (value: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}
