import fc from 'fast-check';
import { branchesOf, type Schema, type SchemaSource, valuesOf } from './schema-values.ts';

const deep = 1_000;

/** JSON texts that often break programs. */
const stumblingTexts = [
  ...'"" "1" "1e3" "null" "true" "%00" "{{7*7}}" "<script>" "__proto__" "\\u0000" "\\ud800" "\\u202e"'.split(' '),
  ...['" "', '"a\\u0000b"', '"\\udc00 and more"', '"\\r\\nSet-Cookie: a=b"', '"\' or 1=1 --"'],
  JSON.stringify('a'.repeat(20_000)),
  JSON.stringify('😀'.repeat(5_001)),
];
const stumblingNumbers = [
  ...'0 -0 -1 1.5 1e3 1e400 -1e400 1e-400 2147483648 9007199254740992 9223372036854775808'.split(' '),
  ...['99999999999999999999', '9'.repeat(400)],
];
const stumblingOthers = [
  ...'null true false [] [[]] [null] [1] {} {"a":1} {"$gt":""} {"length":1e9} {"toJSON":1}'.split(' '),
  ...'{"__proto__":{"admin":true}} {"constructor":{"prototype":{"admin":true}}} {"toString":null}'.split(' '),
  `${'['.repeat(deep)}${']'.repeat(deep)}`,
  `${'{"a":'.repeat(deep)}1${'}'.repeat(deep)}`,
];

/** JSON texts with a part that the schema may not allow. */
export function spoiltTexts(schema: Schema, source: SchemaSource): fc.Arbitrary<string> {
  const branches = branchesOf(schema, source);
  const inside = branches.flatMap((branch) => [
    ...(branch.properties ? [spoiltObjects(branch, branch.properties, source)] : []),
    ...(branch.items ? [spoiltArrays(branch.items, source)] : []),
  ]);
  const takes = (...types: string[]) => branches.some(({ type }) => typeof type === 'string' && types.includes(type));
  const beyond = branches.flatMap(beyondLimits);
  const kinds = [
    { weight: takes('string') ? 8 : 1, values: stumblingTexts },
    { weight: takes('integer', 'number') ? 8 : 1, values: stumblingNumbers },
    { weight: 2, values: stumblingOthers },
    { weight: 4, values: beyond },
  ];
  return fc.oneof(
    ...kinds
      .filter(({ values }) => values.length > 0)
      .map(({ weight, values }) => ({ weight, arbitrary: fc.constantFrom(...values) })),
    ...inside.map((arbitrary) => ({ weight: 40, arbitrary })),
  );
}

type Member = [name: string, text: string | undefined];

const foreignMembers: Member[] = [
  ['__proto__', '{"admin":true}'],
  ['constructor', '{"prototype":{"admin":true}}'],
  ['hasOwnProperty', '1'],
  ['id', '1'],
  ['', 'null'],
];

/** Objects with one member that is spoilt, missing, duplicated or unknown. */
function spoiltObjects(schema: Schema, properties: Record<string, Schema>, source: SchemaSource): fc.Arbitrary<string> {
  const spoilt = Object.entries(properties).map(([name, property]) =>
    fc
      .oneof({ weight: 6, arbitrary: spoiltTexts(property, source) }, fc.constant(undefined))
      .map((text): Member => [name, text]),
  );
  const member = fc.oneof({ weight: 6, arbitrary: fc.oneof(...spoilt) }, fc.constantFrom(...foreignMembers));
  return fc.tuple(valuesOf(schema, source), member, fc.nat(9)).map(([valid, [name, text], position]) => {
    const members = Object.entries(valid as object).map(([key, value]): Member => [key, JSON.stringify(value)]);
    const twice = position === 0;
    const others = members.filter(([key]) => twice || key !== name);
    const all = others.toSpliced(position, 0, [name, text]);
    const written = all.filter(([, value]) => value !== undefined);
    return `{${written.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`;
  });
}

/** Arrays with one spoilt item among valid ones. */
function spoiltArrays(items: Schema, source: SchemaSource): fc.Arbitrary<string> {
  const others = fc.array(valuesOf(items, source), { maxLength: 2 });
  return fc.tuple(others, spoiltTexts(items, source)).map(([good, spoilt]) => {
    return `[${[...good.map((item) => JSON.stringify(item)), spoilt].join(',')}]`;
  });
}

function beyondLimits({ minimum, maximum, minLength, maxLength, minItems, maxItems }: Schema): string[] {
  const letters = (count: number) => JSON.stringify('a'.repeat(count));
  const items = (count: number) => JSON.stringify(Array(count).fill({}));
  return [
    ...(minimum === undefined ? [] : [`${minimum - 1}`]),
    ...(maximum === undefined ? [] : [`${BigInt(Math.ceil(maximum)) + 1n}`, `${Math.ceil(maximum)}.5`]),
    ...(minLength ? [letters(minLength - 1)] : []),
    ...(maxLength === undefined ? [] : [letters(maxLength + 1)]),
    ...(minItems ? [items(minItems - 1)] : []),
    ...(maxItems === undefined ? [] : [items(maxItems + 1)]),
  ];
}
