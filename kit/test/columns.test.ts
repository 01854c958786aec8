import { type Generated, type Kysely, sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { isPostgres } from '../src/database/columns.ts';
import { openDatabase } from '../src/database/open.ts';
import { type DatabaseKind, databases, freshDatabase } from './databases.ts';
import { writeMigrations } from './notes.ts';

type Events = { events: { id: Generated<number>; at: string; cause: number | null } };

const createEvents = `
  const { id, reference, timestamp } = columnTypes(db);
  await db.schema.createTable('events').addColumn('id', ...id).addColumn('at', timestamp)
    .addColumn('cause', reference, (column) => column.references('events.id')).execute();`;

async function anEventsDatabase(kind: DatabaseKind) {
  await using resources = new AsyncDisposableStack();
  const fresh = resources.use(await freshDatabase(kind));
  const migrations = await writeMigrations(fresh.dataDir, { '0001-events': createEvents });
  const options = { url: fresh.url, schema: 'events', migrations, onError: () => undefined };
  const { db } = resources.adopt(await openDatabase<Events>(options), (open) => open.close());
  const owned = resources.move();
  return { db, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function addEvent(db: Kysely<Events>, at = '2026-01-31T12:00:00.000Z', cause: number | null = null) {
  return db.insertInto('events').values({ at, cause }).returningAll().executeTakeFirstOrThrow();
}

describe.each(databases)('a row on %s', (kind) => {
  it('has a numeric id, counted from 1', async () => {
    await using events = await anEventsDatabase(kind);
    const ids = [await addEvent(events.db), await addEvent(events.db)].map(({ id }) => id);
    expect(ids).toEqual([1, 2]);
  });

  it('never reuses the id of a deleted row', async () => {
    await using events = await anEventsDatabase(kind);
    const { id } = await addEvent(events.db);
    await events.db.deleteFrom('events').execute();
    expect((await addEvent(events.db)).id).toBeGreaterThan(id);
  });

  it('has times in ISO 8601, UTC, with milliseconds, that sort as strings', async () => {
    await using events = await anEventsDatabase(kind);
    const times = ['2026-01-31T12:00:00.000Z', '2026-01-31T12:00:00.007Z', '1999-12-31T23:59:59.999Z'];
    for (const at of times) expect((await addEvent(events.db, at)).at).toBe(at);
    const rows = await events.db.selectFrom('events').select('at').orderBy('at').execute();
    expect(rows.map(({ at }) => at)).toEqual([...times].sort());
  });

  it('refers to other rows by id, and only to rows that exist', async () => {
    await using events = await anEventsDatabase(kind);
    const first = await addEvent(events.db);
    expect((await addEvent(events.db, first.at, first.id)).cause).toBe(first.id);
    await expect(addEvent(events.db, first.at, 404)).rejects.toThrow(/foreign key/i);
  });

  it('is counted as a number', async () => {
    await using events = await anEventsDatabase(kind);
    await addEvent(events.db);
    const { rows } = await sql`select count(*) as total from events`.execute(events.db);
    expect(rows).toEqual([{ total: 1 }]);
    expect(isPostgres(events.db)).toBe(kind === 'postgres');
  });
});
