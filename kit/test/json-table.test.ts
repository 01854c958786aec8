import type { Generated } from 'kysely';
import { describe, expect, it } from 'vitest';
import { jsonTable } from '../src/database/json-table.ts';
import { openDatabase } from '../src/database/open.ts';
import { type DatabaseKind, databases, freshDatabase } from './databases.ts';
import { writeMigrations } from './notes.ts';

type Entry = { code: number; count: number | null; label: string | null; at: string | null };
type Entries = { entries: Entry & { id: Generated<number> } };

const createEntries = `
  const { id, reference, timestamp } = columnTypes(db);
  await db.schema.createTable('entries').addColumn('id', ...id)
    .addColumn('code', reference, (column) => column.notNull().unique()).addColumn('count', 'integer')
    .addColumn('label', 'text').addColumn('at', timestamp).execute();`;

const columns = { code: 'bigint', count: 'integer', label: 'text', at: 'timestamptz' } as const;
const names = ['code', 'count', 'label', 'at'] as const;

async function anEntriesDatabase(kind: DatabaseKind) {
  await using resources = new AsyncDisposableStack();
  const fresh = resources.use(await freshDatabase(kind));
  const migrations = await writeMigrations(fresh.dataDir, { '0001-entries': createEntries });
  const options = { url: fresh.url, schema: 'entries', migrations, onError: () => undefined };
  const { db } = resources.adopt(await openDatabase<Entries>(options), (open) => open.close());
  const owned = resources.move();
  return {
    db,
    /** Inserts rows; returns the codes of the new ones. */
    async add(rows: Entry[]) {
      const added = await db
        .insertInto('entries')
        .columns(names)
        .expression((eb) =>
          eb
            .selectFrom(jsonTable(db, rows, columns).as('given'))
            .select(names)
            .where('code', 'is not', null),
        )
        .onConflict((conflict) => conflict.column('code').doNothing())
        .returning('code')
        .execute();
      return added.map(({ code }) => code).sort((a, b) => a - b);
    },
    stored: () => db.selectFrom('entries').select(names).orderBy('code').execute(),
    select: (rows: Entry[]) =>
      db
        .selectFrom(jsonTable(db, rows, columns).as('given'))
        .selectAll()
        .orderBy('code')
        .execute(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const anEntry = (code: number, overrides: Partial<Entry> = {}): Entry => ({
  code,
  count: code,
  label: `entry ${code}`,
  at: '2026-01-31T12:00:00.007Z',
  ...overrides,
});
const many = (count: number) => Array.from({ length: count }, (_, index) => anEntry(index + 1));

const texts = [
  '',
  ' ',
  `'single' "double" \`back\` \\ and \\'`,
  "'); drop table entries; --",
  'two\nlines\r\nand\ttabs',
  'Luís Ñandú 日本語 العربية',
  'emoji 👩‍👩‍👧 and a lone accent e\u0301',
  '\u2028\u2029\u0001\u007f',
  '$1 ?1 :name %s {0}',
  'null',
  'true',
  '7',
  '007',
  '1e3',
  '{"a": [1, "b"]}',
  '["x"]',
  '2026-01-31T12:00:00.000Z',
  'x'.repeat(100_000),
];

describe.each(databases)('rows as a table on %s', (kind) => {
  it('keep numbers, times and nulls unchanged', async () => {
    await using entries = await anEntriesDatabase(kind);
    const rows = [
      anEntry(1, { count: 0 }),
      anEntry(2, { count: -2_147_483_648 }),
      anEntry(3, { count: 2_147_483_647 }),
      anEntry(4, { count: null, label: null, at: null }),
      anEntry(Number.MAX_SAFE_INTEGER, { count: 1, at: '1999-12-31T23:59:59.999Z' }),
    ];
    expect(await entries.select(rows)).toEqual(rows);
    await entries.add(rows);
    expect(await entries.stored()).toEqual(rows);
  });

  it('keep any text unchanged', async () => {
    await using entries = await anEntriesDatabase(kind);
    const rows = texts.map((label, index) => anEntry(index + 1, { label }));
    expect((await entries.select(rows)).map(({ label }) => label)).toEqual(texts);
    await entries.add(rows);
    expect((await entries.stored()).map(({ label }) => label)).toEqual(texts);
  });

  it('may be empty', async () => {
    await using entries = await anEntriesDatabase(kind);
    expect(await entries.select([])).toEqual([]);
    expect(await entries.add([])).toEqual([]);
    expect(await entries.stored()).toEqual([]);
  });

  it('may be thousands', async () => {
    await using entries = await anEntriesDatabase(kind);
    const rows = many(2_000);
    expect(await entries.add(rows)).toHaveLength(2_000);
    expect(await entries.stored()).toEqual(rows);
  });

  it('have only the named columns, whatever the properties and their order', async () => {
    await using entries = await anEntriesDatabase(kind);
    const { code, count, label, at } = anEntry(1);
    const more = { at, surplus: 'x', label, id: 99, count, code };
    expect(await entries.select([more])).toEqual([{ code, count, label, at }]);
  });

  it('are inserted unless they exist, and existing rows stay unchanged', async () => {
    await using entries = await anEntriesDatabase(kind);
    await entries.add([anEntry(2, { label: 'first' })]);
    expect(await entries.add([anEntry(1), anEntry(2), anEntry(3), anEntry(3, { label: 'again' })])).toEqual([1, 3]);
    expect((await entries.stored()).map(({ label }) => label)).toEqual(['entry 1', 'first', 'entry 3']);
  });

  it('update each row with its own values, including nulls, and no other row', async () => {
    await using entries = await anEntriesDatabase(kind);
    await entries.add(many(4));
    const changes = [
      { code: 1, count: 10, label: 'one', at: '2027-01-01T00:00:00.000Z' },
      { code: 3, count: null, label: null, at: null },
      { code: 404, count: 1, label: 'nobody', at: null },
    ];
    await entries.db
      .updateTable('entries')
      .from(jsonTable(entries.db, changes, columns).as('change'))
      .set((eb) => ({ count: eb.ref('change.count'), label: eb.ref('change.label'), at: eb.ref('change.at') }))
      .whereRef('entries.code', '=', 'change.code')
      .execute();
    expect(await entries.stored()).toEqual([changes[0], anEntry(2), changes[1], anEntry(4)]);
  });

  it('select rows by id, also in a transaction', async () => {
    await using entries = await anEntriesDatabase(kind);
    await entries.add(many(2_000));
    const ids = many(2_000).flatMap(({ code }) => (code % 2 === 0 ? { code } : []));
    await entries.db.transaction().execute(async (trx) => {
      const chosen = jsonTable(trx, ids, { code: 'bigint' }).as('chosen');
      await trx
        .deleteFrom('entries')
        .where('code', 'in', (eb) => eb.selectFrom(chosen).select('code'))
        .execute();
    });
    const left = (await entries.stored()).map(({ code }) => code);
    expect(left).toEqual(many(2_000).flatMap(({ code }) => (code % 2 === 1 ? code : [])));
  });

  it('are one parameter, so that the statement is the same for any number of them', async () => {
    await using entries = await anEntriesDatabase(kind);
    const statementFor = (rows: Entry[]) =>
      entries.db
        .selectFrom(jsonTable(entries.db, rows, columns).as('given'))
        .selectAll()
        .compile();
    const [one, thousand] = [statementFor(many(1)), statementFor(many(1_000))];
    expect(one.sql).toBe(thousand.sql);
    expect(thousand.parameters).toHaveLength(1);
  });
});
