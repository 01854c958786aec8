import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { refillColumns } from '../src/database/refill-columns.ts';
import { isKeyOrTwin, separateTwins, type Twin } from '../src/database/twins.ts';
import { databases } from './databases.ts';
import { aNotesDatabase, type NotesDatabase } from './notes.ts';

/** A table of texts and their keys. */
async function createTexts({ other: db }: NotesDatabase, texts: string[]) {
  await db.schema
    .createTable('texts')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('text', 'text')
    .addColumn('key', sql`text`)
    .execute();
  for (const [index, text] of texts.entries()) {
    await sql`insert into texts (id, text, key) values (${index + 1}, ${text}, ${text})`.execute(db);
  }
  return db as never;
}

async function keysOf({ other }: NotesDatabase): Promise<string[]> {
  const { rows } = await sql<{ key: string }>`select key from texts order by id`.execute(other);
  return rows.map(({ key }) => key);
}

describe.each(databases)('columns that are computed anew on %s', (kind) => {
  it('change in every row, however many there are', async () => {
    await using notes = await aNotesDatabase(kind);
    const db = await createTexts(notes, []);
    await sql`insert into texts (id, text, key)
      with recursive range(i) as (select 1 union all select i + 1 from range where i < 2500)
      select i, 'Text ' || i, 'old' from range`.execute(notes.other);

    await refillColumns(db, {
      table: 'texts',
      from: ['text'],
      into: ['key'],
      compute: ({ text }) => ({ key: text.endsWith('7') ? null : text.toUpperCase() }),
    });

    const expected = Array.from({ length: 2_500 }, (_, index) => ((index + 1) % 10 === 7 ? null : `TEXT ${index + 1}`));
    expect(await keysOf(notes)).toEqual(expected);
  });
});

describe.each(databases)('keys that have become equal on %s', (kind) => {
  it('stay with the first row, and the others are told', async () => {
    await using notes = await aNotesDatabase(kind);
    const db = await createTexts(notes, ['a', 'b', 'a', 'c', 'b', 'a', 'a b']);
    const told: Twin[] = [];

    await separateTwins(db, {
      table: 'texts',
      column: 'key',
      where: sql`id <> 5`,
      onTwins: async (twins) => void told.push(...twins),
    });

    expect(await keysOf(notes)).toEqual(['a', 'b', 'a\n3', 'c', 'b', 'a\n6', 'a b']);
    expect(told).toEqual([
      { id: 3, first: 1 },
      { id: 6, first: 1 },
    ]);
    const found = await sql<{ id: number }>`select id from texts where ${isKeyOrTwin('key', 'a')} order by id`.execute(
      notes.other,
    );
    expect(found.rows.map(({ id }) => id)).toEqual([1, 3, 6]);
  });
});
