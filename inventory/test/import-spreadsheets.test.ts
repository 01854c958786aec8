import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aCommandLine, type CommandLine, readItems, summary } from './a-command-line.ts';
import { addItem, readItem } from './start.ts';

const mug = { name: 'Krügchen „Nord“', sku: '00123', price: 1234.5, quantity: 1000, weight: 0.35, is_active: true };
const pot = { name: "Pot 't Hof", sku: 'POT-1', price: 2000, quantity: 5, weight: null, is_active: false };

/** The same two items as programs save them that are not at hand here. */
const saved: [program: string, file: string | Buffer][] = [
  [
    'Excel in German ("CSV UTF-8")',
    [
      '\ufeffName;SKU;Price;Quantity;Weight;Is Active',
      'Krügchen „Nord“;="00123";1.234,50 €;1.000;0,35;WAHR',
      "Pot 't Hof;POT-1;2.000,00 €;5;;FALSCH",
      '',
    ].join('\r\n'),
  ],
  [
    'Excel in English, with a sep= line',
    Buffer.from(
      [
        'sep=,',
        'Name,SKU,Price,Quantity,Weight,Is Active',
        'Krügchen „Nord“,="00123","1,234.50","1,000",0.35,TRUE',
        "Pot 't Hof,POT-1,2000,5,,FALSE",
        '',
      ].join('\r\n'),
    ),
  ],
  [
    'Excel as "Unicode Text"',
    Buffer.from(
      [
        '\ufeffName\tSKU\tPrice\tQuantity\tWeight\tIs Active',
        "Krügchen „Nord“\t'00123\t1.234,50\t1.000\t0,35\tWAHR",
        "Pot 't Hof\tPOT-1\t2.000,00\t5\t\tFALSCH",
        '',
      ].join('\r\n'),
      'utf16le',
    ),
  ],
  [
    'Google Sheets in a German locale',
    [
      'name,sku,price,quantity,weight,is_active',
      'Krügchen „Nord“,00123,"1.234,50 €",1.000,"0,35",TRUE',
      "Pot 't Hof,POT-1,2.000 €,5,,FALSE",
    ].join('\r\n'),
  ],
  [
    'Numbers in a French locale',
    [
      'name;sku;price;quantity;weight;is_active;;',
      'Krügchen „Nord“;00123;1\u202f234,50;1\u202f000;0,35;VRAI;;',
      "Pot 't Hof;POT-1;2\u202f000;5;;FAUX;;",
      ';;;;;;;',
    ].join('\n'),
  ],
  [
    'an old Mac in a Swiss locale',
    [
      'name;sku;price;quantity;is_active;weight',
      "Krügchen „Nord“;00123;CHF 1'234.50;1'000;1;0.35",
      "Pot 't Hof;POT-1;CHF 2’000.00;5;0",
    ].join('\r'),
  ],
];

describe.each(databases)('a file that a spreadsheet has saved, on %s', (kind) => {
  it.each(saved)('is stored as it was meant, and twice is safe: %s', async (_program, file) => {
    await using line = await aCommandLine(kind);

    expect(await line.import(file)).toMatchObject({ code: 0, out: expect.stringContaining(summary(2, 0, 0)), err: '' });
    expect(await readItems(line)).toMatchObject([mug, pot]);
    expect((await line.import(file)).out).toContain(summary(0, 0, 2));
  });
});

/** These files were saved by LibreOffice 7.4 from one workbook, each in the locale of its name. */
const readSaved = (name: string) => readFile(join(import.meta.dirname, 'spreadsheets', `${name}.csv`));

describe('a workbook that LibreOffice has saved', () => {
  const jug = {
    ...{ ...mug, cost: 800.25, min_quantity: 10, category: 'Küche' },
    description: 'Steinzeug;\nzweizeilig, "echt"',
  };
  const workbook = [
    jug,
    { ...pot, cost: null, category: 'Küche' },
    {
      name: 'Dose',
      sku: '4006381333931',
      price: 12.5,
      cost: 7,
      quantity: 250_000,
      weight: 1.125,
      category: 'Lager =A',
    },
    { name: 'Formel', sku: 'F-1', price: 19.99, description: "'Apostroph" },
    { name: 'Ean als Zahl', sku: '4006381333948', price: 1 },
    { name: 'Nullen als Zahl', sku: '125', price: 1 },
  ];

  it.each([
    ['de-semicolons', ''],
    ['de-commas', ''],
    ['de-utf-16', ''],
    ['de-windows-1252', '--encoding windows-1252'],
    ['de-ch', ''],
    ['en', ''],
    ['fr', ''],
  ])('is stored as it was meant: %s', async (name, words) => {
    await using line = await aCommandLine('sqlite');

    expect(await line.import(await readSaved(name), words)).toMatchObject({ code: 0, err: '' });
    expect(await readItems(line)).toMatchObject(workbook);
  });

  it('is refused if all of its amounts are whole and have group marks', async () => {
    await using line = await aCommandLine('sqlite');

    const { code, err } = await line.import(await readSaved('de-whole-amounts'));

    expect(code).toBe(1);
    expect(err).toMatch(
      /^line 2: price "1.000" may mean 1 or 1000, .*\nline 3: .*\nline 5: .*name is required\nNothing/,
    );
  });
});

describe('a file that a spreadsheet has saved', () => {
  let line: CommandLine;
  beforeAll(async () => {
    line = await aCommandLine('sqlite');
  });
  afterAll(() => line[Symbol.asyncDispose]());

  it('is refused with each doubtful cell, and nothing is imported', async () => {
    const rows = [
      'sku;name;price;quantity;is_active',
      'S-1;Mug;1.000;2.000;WAHR',
      'S-2;Pot;12 Stück;1;vielleicht',
      ';Pan;3;1',
      'S-4;Cup;4;1',
      'Total;;1.019;2.003',
    ];
    const before = await readItems(line);

    expect(await line.import(`${rows.join('\r\n')}\r\n`)).toEqual({
      code: 1,
      out: '',
      err: [
        'line 2: price "1.000" may mean 1 or 1000, and the other numbers of the file do not show which; write 1 or 1000; ' +
          'quantity "2.000" may mean 2 or 2000, and the other numbers of the file do not show which; write 2 or 2000',
        'line 3: price must be a number, not "12 Stück"; is_active must be true or false, not "vielleicht"',
        'line 4: Missing required fields: sku',
        'line 6: price "1.019" may mean 1.019 or 1019, and the other numbers of the file do not show which; write 1.0190 or ' +
          '1019; quantity "2.003" may mean 2.003 or 2003, and the other numbers of the file do not show which; write 2.0030 ' +
          'or 2003; name is required',
        'Nothing was imported: 4 of 5 lines are invalid. Correct the file, or skip invalid lines with --skip-bad.',
        '',
      ].join('\n'),
    });
    expect(await readItems(line)).toEqual(before);
    expect((await line.import(rows.join('\n'), '--skip-bad')).out).toContain('1 added');
    expect((await readItems(line)).slice(before.length)).toMatchObject([{ sku: 'S-4', quantity: 1 }]);
  });

  it('clears a field whose cell is empty, also where the row ends early', async () => {
    const { id, sku } = await addItem(line, { category: 'kitchen', brand: 'Acme' });

    await line.import(`sku;name;price;category\n${sku};Mug;2\n`);

    expect(await readItem(line, id)).toMatchObject({ category: null, brand: 'Acme' });
  });

  it.each([
    ['windows-1252', 'latin1'],
    ['ISO-8859-1', 'latin1'],
    ['utf-16le', 'utf16le'],
  ] as const)('may be encoded in %s if --encoding says so', async (name, encoding) => {
    const sku = `ENC-${name}`;
    const file = Buffer.from(`sku;name;price\n${sku};Krügchen;1\n`, encoding);

    expect(await line.import(file, `--encoding ${name}`)).toMatchObject({ code: 0 });
    expect((await call(line, 'GET /api/v1/items?sort=-id')).body.items[0]).toMatchObject({ sku, name: 'Krügchen' });
  });

  it('reads the letters that Windows adds to Latin-1', async () => {
    const file = Buffer.from('sku;name;price\nEURO;\x80 \x84quoted\x93 \x96 \x8e;1\n', 'latin1');

    await line.import(file, '--encoding windows-1252');

    expect((await call(line, 'GET /api/v1/items?sort=-id')).body.items[0].name).toBe('€ „quoted“ – Ž');
  });

  it('is read by its byte order mark, whatever --encoding says', async () => {
    const file = '\ufeffsku;name;price\nBOM;Krügchen;1\n';

    expect(await line.import(file, '--encoding windows-1252')).toMatchObject({ code: 0 });
    expect((await call(line, 'GET /api/v1/items?sort=-id')).body.items[0].name).toBe('Krügchen');
  });

  it.each([
    ['UTF-16', 'utf16le', false],
    ['UTF-16', 'utf16le', true],
    ['big-endian UTF-16', 'utf16be', true],
    ['big-endian UTF-16', 'utf16be', false],
  ])('may be encoded in %s', async (_name, encoding, bom) => {
    const sku = `${encoding}-${bom}`;
    const bytes = Buffer.from(`${bom ? '\ufeff' : ''}sku\tname\tprice\r\n${sku}\tKrügchen\t1,5\r\n`, 'utf16le');
    const file = encoding === 'utf16be' ? bytes.swap16() : bytes;

    expect(await line.import(Array.from(file, (byte) => Buffer.from([byte])))).toMatchObject({ code: 0, err: '' });
    expect((await call(line, 'GET /api/v1/items?sort=-id')).body.items[0]).toMatchObject({ sku, price: 1.5 });
  });

  it.each([
    ['is a workbook', Buffer.from('504b030414000600', 'hex'), '', 'The file is a workbook; save it as CSV'],
    ['is an old workbook', Buffer.from('d0cf11e0a1b11ae1', 'hex'), '', 'The file is a workbook; save it as CSV'],
    [
      'is no UTF-8',
      Buffer.from('sku;name;price\nA;\xfc;1\n', 'latin1'),
      '',
      'or name its encoding, such as --encoding',
    ],
    ['is no UTF-16', Buffer.from([0xff, 0xfe, 0x41]), '', 'The file is not UTF-16LE; save it as UTF-8'],
    ['has an unknown encoding', 'sku', '--encoding klingon', 'such as windows-1252, not "klingon".'],
  ])('is rejected with a sentence if it %s', async (_what, file, words, sentence) => {
    expect(await line.import(file, words)).toEqual({ code: 2, out: '', err: expect.stringContaining(sentence) });
  });
});
