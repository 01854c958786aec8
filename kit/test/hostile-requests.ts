import fc from 'fast-check';
import { type ApiRequest, assemble, type Operation, type Parts, validParts } from './openapi-requests.ts';
import { type SchemaSource, valuesOf } from './schema-values.ts';
import { spoiltTexts } from './spoilt-values.ts';

/** Requests of a careless or hostile client, with one to three deviations from the OpenAPI document. */
export function hostileRequests(operation: Operation, source: SchemaSource): fc.Arbitrary<ApiRequest> {
  const spoils = [
    ...hostileSegments(operation),
    hostileQueries(operation),
    hostileHeaders,
    ...hostileBodies(operation, source),
  ];
  return fc
    .tuple(validParts(operation, source), fc.array(fc.oneof(...spoils), { minLength: 1, maxLength: 3 }))
    .map(([parts, changes]) => assemble(operation, changes.reduce(spoil, parts)));
}

/** Replaces some parts of a request; appends to its query. */
function spoil(parts: Parts, change: Partial<Parts>): Parts {
  return {
    ...parts,
    ...change,
    segments: { ...parts.segments, ...change.segments },
    query: [...parts.query, ...(change.query ?? [])],
    headers: { ...parts.headers, ...change.headers },
  };
}

type Spoils = { weight: number; arbitrary: fc.Arbitrary<Partial<Parts>> };

/** Used instead of an id or a query value. Already encoded. */
const foreignValues = [
  ...'0 -1 1.5 1e3 01 +1 0x1 NaN x null true 1,2 * :id 99999999999999999999 9007199254740993'.split(' '),
  ...'% %zz %00 1%00 %ff %ED%A0%80 %2F ..%2F1 %20 1%20 %D9%A1'.split(' '),
  ...["1'--", '1;drop', '__proto__', 'constructor', '', 'a'.repeat(500)],
];

function hostileSegments({ path }: Operation): Spoils[] {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string);
  if (names.length === 0) return [];
  const segment = fc.tuple(fc.constantFrom(...names), fc.constantFrom(...foreignValues));
  return [{ weight: 4, arbitrary: segment.map(([name, text]) => ({ segments: { [name]: text } })) }];
}

function hostileQueries({ parameters = [] }: Operation): Spoils {
  const known = parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name);
  // one unknown name is enough to be refused, whatever else there is
  const unknown = fc.constantFrom(...known.flatMap((it) => [`${it}[]`, `${it}[a]`]), '__proto__', 'a', '%', '');
  const name = known.length > 0 ? fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...known) }, unknown) : unknown;
  const pair = fc
    .tuple(name, fc.constantFrom('', '='), fc.constantFrom(...foreignValues))
    .map((parts) => parts.join(''));
  const query = fc.array(pair, { minLength: 1, maxLength: 3 });
  const many = fc.constant(Array.from({ length: 300 }, (_, index) => `a${index}`));
  const arbitrary = fc.oneof({ weight: 19, arbitrary: query }, many).map((added) => ({ query: added }));
  return { weight: known.length > 0 ? 4 : 1, arbitrary };
}

const foreignTypes = 'text/plain application/xml multipart/form-data application/x-www-form-urlencoded ;;;'.split(' ');

const foreignHeaders: [name: string, value: string][] = [
  ...foreignTypes.map((type): [string, string] => ['Content-Type', type]),
  ['Content-Type', ''],
  ['Content-Type', 'application/json; charset=utf-16'],
  ['Content-Type', 'application/json; charset=nonsense'],
  ['Content-Type', 'application/problem+json'],
  ['Content-Encoding', 'gzip'],
  ['Content-Encoding', 'br'],
  ['Content-Encoding', 'squeezed'],
  ['Accept', 'image/png'],
  ['Range', 'bytes=0-1'],
  ['X-Request-Id', '\u00ff'.repeat(200)],
  ['traceparent', 'x'.repeat(2_000)],
  ['If-Match', '"'.repeat(3_000)],
  ['If-None-Match', '*'],
  ['If-None-Match', 'W/"'.repeat(1_000)],
  ['Idempotency-Key', 'two words'],
  ['Prefer', 'wait=-1, wait=x, wait'],
  ['X-HTTP-Method-Override', 'DELETE'],
  ['Cookie', '='],
];

const hostileHeaders: Spoils = {
  weight: 1,
  arbitrary: fc.constantFrom(...foreignHeaders).map(([name, value]) => ({ headers: { [name]: value } })),
};

const brokenBodies = [
  ...'null [] [{}] "text" 7 true NaN 1e400 { {" {}} {}{} {"a":1,} {"a":01} //{} a=b'.split(' '),
  ...['', ' ', "{'a':1}", '\ufeff{}', '{"a":"\u0001"}', '\0', '['.repeat(50_000), '{"a":'.repeat(10_000)],
  Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]),
  Buffer.from('{"name":"Zo\u00eb"}', 'latin1'),
  ' '.repeat(100 * 1024 + 1),
];

function hostileBodies({ requestBody }: Operation, source: SchemaSource): Spoils[] {
  const [content] = Object.values(requestBody?.content ?? {});
  const broken = { weight: 1, arbitrary: fc.constantFrom(...brokenBodies).map((body) => ({ body })) };
  if (!content) return [broken];
  const spoilt = spoiltTexts(content.schema, source);
  const cut = fc.tuple(valuesOf(content.schema, source), fc.nat(200)).map(([value, length]) => ({
    body: JSON.stringify(value).slice(0, length),
  }));
  return [
    { weight: 12, arbitrary: spoilt.map((body) => ({ body })) },
    { weight: 1, arbitrary: cut },
    { ...broken, weight: 2 },
  ];
}
