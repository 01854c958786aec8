import { setImmediate as turn } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import { describe, expect, it, vi } from 'vitest';
import { createGroupCommit } from '../src/database/group-commit.ts';
import { AppError } from '../src/errors.ts';
import { databases } from './databases.ts';
import { addNote, aNotesDatabase, type Notes } from './notes.ts';

const uniqueViolation = /unique/i;

/** The results or error messages, in the order of the writes. */
function outcomes(writes: Promise<unknown>[]) {
  return Promise.allSettled(writes).then((results) =>
    results.map((result) => (result.status === 'fulfilled' ? result.value : String(result.reason.message))),
  );
}

describe.each(databases)('group commit on %s', (kind) => {
  it('puts concurrent writes into one transaction', async () => {
    await using notes = await aNotesDatabase(kind);
    const writes = ['a', 'b', 'c', 'd'].map((text) => notes.write((trx) => addNote(trx, text)));
    const last = notes.write(async (trx) => {
      const inside = await trx.selectFrom('notes').select('text').execute();
      return { inside: inside.length, outside: (await notes.texts()).length };
    });
    expect(await last).toEqual({ inside: 4, outside: 0 });
    expect(await Promise.all(writes)).toEqual(['a', 'b', 'c', 'd']);
    expect(await notes.texts()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('gives each of 200 concurrent callers its own result', async () => {
    await using notes = await aNotesDatabase(kind);
    const texts = Array.from({ length: 200 }, (_, number) => `note ${number}`);
    expect(await Promise.all(texts.map((text) => notes.write((trx) => addNote(trx, text))))).toEqual(texts);
    expect(await notes.texts()).toEqual(texts);
  });

  it('rolls back a write that throws, and no other write', async () => {
    await using notes = await aNotesDatabase(kind);
    const before = notes.write((trx) => addNote(trx, 'before'));
    const failing = notes.write(async (trx) => {
      await addNote(trx, 'undone');
      await addNote(trx, 'undone too');
      throw new Error('changed its mind');
    });
    const after = notes.write((trx) => addNote(trx, 'after'));
    expect(await outcomes([before, failing, after])).toEqual(['before', 'changed its mind', 'after']);
    expect(await notes.texts()).toEqual(['before', 'after']);
  });

  it('rolls back only the write that violates a unique constraint', async () => {
    await using notes = await aNotesDatabase(kind);
    const first = notes.write((trx) => addNote(trx, 'taken'));
    const second = notes.write(async (trx) => {
      await addNote(trx, 'undone');
      return addNote(trx, 'taken');
    });
    const third = notes.write((trx) => addNote(trx, 'free'));
    expect(await outcomes([first, second, third])).toEqual(['taken', expect.stringMatching(uniqueViolation), 'free']);
    expect(await notes.texts()).toEqual(['taken', 'free']);
  });

  it('commits the other writes if one swallows the error of its statement', async () => {
    await using notes = await aNotesDatabase(kind);
    const first = notes.write((trx) => addNote(trx, 'taken'));
    const careless = notes.write((trx) => addNote(trx, 'taken').catch(() => 'swallowed'));
    const last = notes.write((trx) => addNote(trx, 'free'));
    await careless.catch(() => undefined);
    expect(await outcomes([first, last])).toEqual(['taken', 'free']);
    expect(await notes.texts()).toEqual(['taken', 'free']);
  });

  it('rejects only the caller whose function throws before its first statement', async () => {
    await using notes = await aNotesDatabase(kind);
    const failing = notes.write(() => {
      throw new Error('at once');
    });
    const fine = notes.write((trx) => addNote(trx, 'fine'));
    expect(await outcomes([failing, fine])).toEqual(['at once', 'fine']);
  });

  it('answers no caller before the commit, not even with an error', async () => {
    await using notes = await aNotesDatabase(kind);
    const answered: string[] = [];
    const added = notes.write((trx) => addNote(trx, 'a')).then(() => answered.push('result'));
    const refused = notes.write((trx) => addNote(trx, 'a')).catch(() => answered.push('error'));
    const answeredBeforeCommit = await notes.write(async () => {
      await notes.texts();
      await turn();
      return [...answered];
    });
    await Promise.all([added, refused]);
    expect(answeredBeforeCommit).toEqual([]);
    expect(answered).toEqual(['result', 'error']);
  });

  it('makes a row visible to all connections before it answers the caller', async () => {
    await using notes = await aNotesDatabase(kind);
    const seen = ['a', 'b', 'c'].map(async (text) => {
      await notes.write((trx) => addNote(trx, text));
      return (await notes.texts()).includes(text);
    });
    expect(await Promise.all(seen)).toEqual([true, true, true]);
  });

  it('commits in groups before all writes of a long queue have run', async () => {
    await using notes = await aNotesDatabase(kind);
    const early = Array.from({ length: 300 }, (_, number) => notes.write((trx) => addNote(trx, String(number))));
    const committed = await notes.write(async () => (await notes.texts()).length);
    await Promise.all(early);
    expect(committed).toBeGreaterThan(0);
    expect(committed).toBeLessThan(300);
  });

  it('accepts writes during a commit', async () => {
    await using notes = await aNotesDatabase(kind);
    let meanwhile: Promise<string> | undefined;
    await notes.write(async (trx) => {
      meanwhile = notes.write((later) => addNote(later, 'second'));
      return addNote(trx, 'first');
    });
    expect(await meanwhile).toBe('second');
    expect(await notes.texts()).toEqual(['first', 'second']);
  });

  it('finishes every pending write before it closes', async () => {
    await using notes = await aNotesDatabase(kind);
    const texts = Array.from({ length: 300 }, (_, number) => String(number));
    const writes = Promise.all(texts.map((text) => notes.write((trx) => addNote(trx, text))));
    await notes.close();
    expect(await writes).toEqual(texts);
    expect(await notes.texts()).toEqual(texts);
  });

  it('retries a write that conflicts with another process until it succeeds', async () => {
    await using notes = await aNotesDatabase(kind);
    let runs = 0;
    const hindered = notes.write(async (trx) => {
      await addNote(trx, 'hindered');
      runs += 1;
      if (runs < 5) throw deadlock();
      return runs;
    });
    const neighbour = notes.write((trx) => addNote(trx, 'neighbour'));
    expect(await outcomes([hindered, neighbour])).toEqual([5, 'neighbour']);
    expect(await notes.texts()).toEqual(['neighbour', 'hindered']);
  });

  it('rejects a write that still conflicts after five seconds', async () => {
    await using notes = await aNotesDatabase(kind);
    let passedMs = 0;
    const monotonicMs = performance.now.bind(performance);
    using clock = vi.spyOn(performance, 'now').mockImplementation(() => monotonicMs() + passedMs);
    const hindered = notes.write(async (trx) => {
      await addNote(trx, 'hindered');
      passedMs += 2_000;
      throw deadlock();
    });
    expect(await outcomes([hindered])).toEqual(['deadlock detected']);
    expect(clock).toHaveBeenCalled();
    expect([passedMs, await notes.texts()]).toEqual([6_000, []]);
  });

  it('lets one process write at a time', async () => {
    await using notes = await aNotesDatabase(kind);
    const rival = createGroupCommit(notes.other);
    await rival.write((trx) => addNote(trx, 'before'));
    const events: string[] = [];
    const begun = Promise.withResolvers<void>();
    const first = notes.write(async (trx) => {
      events.push('first begins');
      begun.resolve();
      for (let number = 0; number < 20; number += 1) {
        await turn(); // lets the second write arrive
        await addNote(trx, String(number));
      }
      events.push('first ends');
    });
    await begun.promise;
    const second = rival.write(async (trx) => {
      events.push(`second sees ${(await trx.selectFrom('notes').select('text').execute()).length} notes`);
    });
    await Promise.all([first, second]);
    expect(events).toEqual(['first begins', 'first ends', 'second sees 21 notes']);
  });
});

describe('group commit', () => {
  it('rejects writes as unavailable when its queue is full', async () => {
    await using notes = await aNotesDatabase('sqlite');
    const writes = Array.from({ length: 10_001 }, (_, number) => notes.write(async () => number));
    const last = await writes.at(-1)?.catch((error) => error);
    expect(last).toBeInstanceOf(AppError);
    expect(last).toMatchObject({ code: 'unavailable' });
    expect(await Promise.all(writes.slice(0, -1))).toEqual(Array.from({ length: 10_000 }, (_, number) => number));
  });
});

function deadlock() {
  return Object.assign(new Error('deadlock detected'), { code: '40P01' });
}

describe('group commit on postgres', () => {
  it('retries a write after a deadlock', async () => {
    await using notes = await aNotesDatabase('postgres');
    for (const text of ['left', 'right']) await notes.write((trx) => addNote(trx, text));
    const touch = (trx: Kysely<Notes>, text: string) =>
      trx.updateTable('notes').set({ text }).where('text', '=', text).execute();
    let runs = 0;
    const [hasRight, hasLeft] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    // another transaction holds the right row and waits for the left row
    const foreign = notes.other.transaction().execute(async (trx) => {
      await sql`set local deadlock_timeout = '60s'`.execute(trx);
      await touch(trx, 'right');
      hasRight.resolve();
      await hasLeft.promise;
      await touch(trx, 'left');
    });
    await hasRight.promise;
    const hindered = notes.write(async (trx) => {
      runs += 1;
      await sql`set local deadlock_timeout = '20ms'`.execute(trx);
      await touch(trx, 'left');
      hasLeft.resolve();
      await touch(trx, 'right');
      return addNote(trx, 'done');
    });
    expect(await outcomes([foreign, hindered])).toEqual([undefined, 'done']);
    expect(runs).toBeGreaterThan(1);
  });
});
