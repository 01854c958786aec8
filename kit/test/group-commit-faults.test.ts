import { sql } from 'kysely';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { isUnavailable } from '../src/database/faults.ts';
import { AppError } from '../src/errors.ts';
import { databases, freshDatabase } from './databases.ts';
import { eventually } from './eventually.ts';
import {
  addNote,
  addReplyToNothing,
  aNotesDatabase,
  backendOf,
  type NotesDatabase,
  openNotes,
  writeNotesMigrations,
} from './notes.ts';
import { startTcpProxy } from './tcp-proxy.ts';

async function errorsOf(writes: Promise<unknown>[]): Promise<Error[]> {
  const results = await Promise.allSettled(writes);
  return results.filter((result) => result.status === 'rejected').map(({ reason }) => reason);
}

describe.each(databases)('a commit that fails on %s', (kind) => {
  it('rejects every caller of the group, and stores nothing', async () => {
    await using notes = await aNotesDatabase(kind);
    const errors = await errorsOf([
      notes.write((trx) => addNote(trx, 'a')),
      notes.write((trx) => addReplyToNothing(trx)),
      notes.write((trx) => addNote(trx, 'b')),
    ]);
    expect(errors.map(({ message }) => message)).toEqual(Array(3).fill(expect.stringMatching(/foreign key/i)));
    expect(await notes.texts()).toEqual([]);
  });

  it('replaces a refusal that depends on an uncommitted row', async () => {
    await using notes = await aNotesDatabase(kind);
    const [, refused] = await errorsOf([
      notes.write((trx) => addNote(trx, 'a')),
      notes.write((trx) => addNote(trx, 'a')),
      notes.write((trx) => addReplyToNothing(trx)),
    ]);
    expect(refused?.message).toMatch(/foreign key/i);
  });

  it('does not retry a write after its caller got the error', async () => {
    await using notes = await aNotesDatabase(kind);
    let runs = 0;
    const errors = await errorsOf([
      notes.write(async (trx) => {
        runs += 1;
        await addNote(trx, 'once more');
        throw Object.assign(new Error('deadlock detected'), { code: '40P01' });
      }),
      notes.write((trx) => addReplyToNothing(trx)),
    ]);
    expect(errors).toHaveLength(2);
    await notes.write((trx) => addNote(trx, 'later'));
    expect([runs, await notes.texts()]).toEqual([1, ['later']]);
  });

  it('does not affect later writes', async () => {
    await using notes = await aNotesDatabase(kind);
    await errorsOf([notes.write((trx) => addReplyToNothing(trx))]);
    await notes.write((trx) => addNote(trx, 'later'));
    expect(await notes.texts()).toEqual(['later']);
  });
});

describe('a group on SQLite', () => {
  it('blocks other writers from its beginning, so its reads stay valid', async () => {
    await using notes = await aNotesDatabase('sqlite');
    await sql`pragma busy_timeout = 0`.execute(notes.other);
    await notes.write(async (trx) => {
      await trx.selectFrom('notes').selectAll().execute();
      await expect(addNote(notes.other, 'from elsewhere')).rejects.toThrow('locked');
      return addNote(trx, 'ours');
    });
    expect(await notes.texts()).toEqual(['ours']);
  });
});

describe('a full SQLite database', () => {
  const large = 'x'.repeat(1_000_000);

  it('rejects writes as unavailable, confirms only stored rows, and works again once there is space', async () => {
    await using notes = await aNotesDatabase('sqlite');
    await limitPages(notes, 50);
    const results = await Promise.allSettled([
      notes.write((trx) => addNote(trx, 'a')),
      // without RETURNING, this aborts the whole transaction, not only the statement
      notes.write((trx) => trx.insertInto('notes').values({ text: large }).execute()),
      notes.write((trx) => addNote(trx, 'b')),
    ]);
    const refusals = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason);
    const stored = results.filter((result) => result.status === 'fulfilled').map(({ value }) => value);
    expect(refusals.length).toBeGreaterThan(0);
    for (const refusal of refusals)
      expect([refusal.message, isUnavailable(refusal)]).toEqual([expect.anything(), true]);
    expect(await notes.texts()).toEqual(stored);

    await limitPages(notes, 1_000_000);
    expect(await notes.write((trx) => addNote(trx, large))).toBe(large);
  });
});

function limitPages(notes: NotesDatabase, max: number) {
  return sql`pragma max_page_count = ${sql.lit(max)}`.execute(notes.db);
}

describe('a PostgreSQL connection that is lost', () => {
  async function terminate(notes: NotesDatabase, pid: number) {
    await sql`select pg_terminate_backend(${pid})`.execute(notes.other);
    await eventually(async () => {
      const { rows } = await sql`select 1 from pg_stat_activity where pid = ${pid}`.execute(notes.other);
      return rows.length === 0;
    });
  }

  it('in the middle of a group fails the whole group as unavailable, and later writes work', async () => {
    await using notes = await aNotesDatabase('postgres');
    const errors = await errorsOf([
      notes.write((trx) => addNote(trx, 'a')),
      notes.write(async (trx) => terminate(notes, await backendOf(trx))),
      notes.write((trx) => addNote(trx, 'b')),
    ]);
    expect(errors.map(isUnavailable)).toEqual([true, true, true]);
    expect(notes.lost.length).toBeGreaterThan(0);
    await notes.write((trx) => addNote(trx, 'later'));
    expect(await notes.texts()).toEqual(['later']);
  });

  it('is the error for the whole group, even if one write was refused', async () => {
    await using notes = await aNotesDatabase('postgres');
    const errors = await errorsOf([
      notes.write((trx) => addNote(trx, 'a')),
      notes.write(async (trx) => {
        await terminate(notes, await backendOf(trx));
        throw new AppError('conflict', 'This one is refused');
      }),
    ]);
    expect(errors.map(isUnavailable)).toEqual([true, true]);
  });

  it('during a statement fails its caller as unavailable', async () => {
    await using notes = await aNotesDatabase('postgres');
    let pid = 0;
    const waiting = errorsOf([
      notes.write(async (trx) => {
        pid = await backendOf(trx);
        await sql`select pg_sleep(60)`.execute(trx);
      }),
    ]);
    await eventually(async () => {
      const { rows } = await sql`select 1 from pg_stat_activity where wait_event = 'PgSleep'`.execute(notes.other);
      return rows.length === 1;
    });
    await terminate(notes, pid);
    expect((await waiting).map(isUnavailable)).toEqual([true]);
    expect(await notes.write((trx) => addNote(trx, 'later'))).toBe('later');
  });

  it('while idle is replaced before the next query', async () => {
    await using notes = await aNotesDatabase('postgres');
    const pid = await backendOf(notes.db);
    await terminate(notes, pid);
    await eventually(() => notes.check());
    expect(await notes.write((trx) => addNote(trx, 'later'))).toBe('later');
    expect(await backendOf(notes.db)).not.toBe(pid);
  });

  it('silently fails its group as unavailable after the timeout, and later writes use a new one', async () => {
    await using fresh = await freshDatabase('postgres');
    await using network = await startTcpProxy(fresh.url);
    await using resources = new AsyncDisposableStack();
    const migrations = await writeNotesMigrations(fresh);
    const notes = resources.adopt(await openNotes(network.url, migrations), (open) => open.close());
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const silent = Promise.withResolvers<() => number>();
    const writes = errorsOf([
      notes.write((trx) => addNote(trx, 'a')),
      notes.write(async (trx) => {
        await addNote(trx, 'b');
        silent.resolve(network.silence());
        return addNote(trx, 'c');
      }),
    ]);
    const keptBytes = await silent.promise;
    await eventually(() => keptBytes() > 0);
    vi.advanceTimersByTime(15_000);
    expect((await writes).map(isUnavailable)).toEqual([true, true]);

    network.speak();
    expect(await notes.write((trx) => addNote(trx, 'later'))).toBe('later');
    expect(await notes.db.selectFrom('notes').select('text').execute()).toEqual([{ text: 'later' }]);
  });
});
