import { foreignId } from '@doorstep/kit/http/foreign-id.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aCommandLine, jsonLines, readItems, summary } from './a-command-line.ts';
import { anItem } from './start.ts';

/** Texts that a format might misread. */
const nasty = [
  ...['=1+1', '"', '""', 'a,b;c|d', "'; drop table items; --", 'null', 'true', '007', '1e3', '{"a": 1}', '[', '#x'],
  ...['Ä🎁李', '\u202eabc', 'é', 'a\u2028b', 'x\ufeffy', '__proto__', 'sku,name,price', '\\n', '%s', '-'],
];

describe('an export of many items', () => {
  it('moves exactly the same items to the other database as CSV, and back as JSON lines', async () => {
    await using one = await aCommandLine('sqlite');
    await using other = await aCommandLine('postgres');
    await using third = await aCommandLine('sqlite');
    const plain = Array.from({ length: 1000 }, () => anItem({ category: '0', weight: 0.1 + 0.2 }));
    const texts = nasty.map((text) => anItem({ name: text, sku: `~${text}`, description: `\t${text}\r\n ${text}\n` }));
    const extreme = anItem({ price: 999_999_999.99, cost: 0, is_active: false, customer_id: Number.MAX_SAFE_INTEGER });
    const longest = ['🎁🎁', '""', 'a\n'].map((letters) => {
      return anItem({ name: '🎁'.repeat(255), description: letters.repeat(5_000), customer_id: 'customer-123' });
    });
    const given = [...plain, ...texts, extreme, ...longest];
    expect(await one.import(jsonLines(given))).toMatchObject({ code: 0 });
    const [csv, json] = [one.file('items.csv'), one.file('items.jsonl')];

    const written = await one.run(`export ${csv}`);
    const taken = [await other.run(`import ${csv}`)];
    await other.run(`export ${json}`);
    taken.push(await third.run(`import ${json}`));

    expect(written).toEqual({ code: 0, out: `${given.length} items written to ${csv}.\n`, err: '' });
    for (const ran of taken) {
      expect(ran).toMatchObject({ code: 0, out: expect.stringContaining(summary(given.length, 0, 0)), err: '' });
    }
    const last = 10; // the page with the last plain items, and everything after it
    const items = await readItems(one, last);
    expect(items).toMatchObject(given.slice(900));
    const same = items.map((item) => ({ ...item, ...givenAnew }));
    expect(await readItems(other, last)).toEqual(same);
    expect(await readItems(third, last)).toEqual(same);
  });
});

const givenAnew = { id: expect.any(Number), created_at: expect.any(String), updated_at: expect.any(String) };

const letter = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
  fc.constantFrom(',', ';', '"', "'", ' ', '\t', '=', '\\', '\u2028'),
);
const text = fc
  .string({ unit: letter, minLength: 1, maxLength: 12 })
  .filter((value) => value.trim() !== '' && !/\p{Cc}/u.test(value));
const lines = fc
  .string({ unit: fc.oneof(letter, fc.constantFrom('\n', '\r\n', '\r')), minLength: 1, maxLength: 20 })
  .filter((value) => value.trim() !== '' && !value.includes('\0'));
const cents = (min: number) => fc.integer({ min, max: 99_999_999_999 }).map((value) => value / 100);
const nullable = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
/** An import refuses a cell such as 7.0, which may be a number or a text. */
const customerId = fc
  .string({ minLength: 1, maxLength: 20, unit: letter })
  .filter((id) => foreignId.safeParse(id).success && !/^[\d.,e+-]+$/i.test(id));
const anyItem = fc.record({
  name: text,
  description: nullable(lines),
  price: cents(1),
  cost: nullable(cents(0)),
  quantity: fc.nat({ max: 1000 }),
  min_quantity: fc.nat({ max: 1000 }),
  max_quantity: nullable(fc.integer({ min: 1001, max: 1_000_000_000 })),
  is_active: fc.boolean(),
  category: nullable(text),
  brand: nullable(text),
  weight: nullable(fc.double({ min: 1e-6, max: 1_000_000, noNaN: true })),
  dimensions: nullable(text),
  customer_id: nullable(fc.oneof(fc.maxSafeInteger(), fc.uuid(), customerId)),
});

describe('an export of arbitrary items', () => {
  it('changes nothing when it is imported again, and the next export is equal', async () => {
    await using line = await aCommandLine('sqlite');
    const property = fc.asyncProperty(fc.array(anyItem, { minLength: 1, maxLength: 40 }), async (items) => {
      const given = await line.import(jsonLines(items.map((item) => ({ ...item, sku: anItem().sku }))));
      expect(given.out).toContain(summary(items.length, 0, 0));
      for (const format of ['csv', 'jsonl']) {
        const { out } = await line.run(`export --format ${format}`);
        const again = await line.import(out, '--set-stock');
        expect(again.out).toContain(' 0 added, 0 changed,');
        expect(again).toMatchObject({ code: 0, err: '' });
        expect((await line.run(`export --format ${format}`)).out).toBe(out);
      }
    });
    await fc.assert(property, { numRuns: 3 });
  });
});
