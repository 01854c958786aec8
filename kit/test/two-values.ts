import fc from 'fast-check';
import { type Schema, type SchemaSource, valuesOf } from './schema-values.ts';

/**
 * Two different values that a schema allows, of which the first is not the default. They are plain enough to be shown as
 * they are sent. Another seed gives other values.
 */
export function twoValues(schema: Schema, source: SchemaSource, seed: number): [first: unknown, second: unknown] {
  const plain = valuesOf(schema, source).filter(isPlain);
  const pairs = fc.tuple(
    plain.filter((value) => value !== schema.default),
    plain,
  );
  const [pair] = fc.sample(
    pairs.filter(([first, second]) => first !== second),
    { numRuns: 1, seed },
  );
  if (!pair) throw new Error(`no values are known of ${JSON.stringify(schema)}`);
  return pair;
}

/** Neither null nor a text that is trimmed or composed; numbers that both databases keep to the last digit. */
function isPlain(value: unknown): boolean {
  if (typeof value === 'string') return /^[!-~]+$/.test(value);
  if (typeof value === 'number') return value > 0 && Number.isInteger(value * 100);
  return value !== null;
}
