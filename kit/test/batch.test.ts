import { describe, expect, it } from 'vitest';
import { createBatch } from '../src/database/batch.ts';
import { AppError } from '../src/errors.ts';
import { databases } from './databases.ts';
import { addNote, aNotesDatabase, type NotesDatabase } from './notes.ts';

/** Adds notes together, refusing those that say so, and keeps what it was given at once. */
function noteAdder(notes: NotesDatabase) {
  const batches: string[][] = [];
  const add = createBatch<string, string>((take) =>
    notes.write(async (trx) => {
      const texts = take();
      batches.push([...texts]);
      const results: (string | Error)[] = [];
      for (const text of texts) {
        results.push(text === 'refused' ? new AppError('conflict', 'refused') : await addNote(trx, text));
      }
      return results;
    }),
  );
  return { add, batches };
}

const reasons = async (writes: Promise<unknown>[]) =>
  (await Promise.allSettled(writes)).map((one) => (one.status === 'fulfilled' ? one.value : one.reason.message));

describe.each(databases)('a batch on %s', (kind) => {
  it('takes in what arrives together, and gives each its own result', async () => {
    await using notes = await aNotesDatabase(kind);
    const { add, batches } = noteAdder(notes);

    const results = await Promise.all(['a', 'b', 'c'].map(add));

    expect(results).toEqual(['a', 'b', 'c']);
    expect(batches).toEqual([['a', 'b', 'c']]);
    expect(await notes.texts()).toEqual(['a', 'b', 'c']);
  });

  it('takes in who arrives while an older write is under way, and nobody once it runs', async () => {
    await using notes = await aNotesDatabase(kind);
    const { add, batches } = noteAdder(notes);
    const begun = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const older = notes.write(async () => {
      begun.resolve();
      await goOn.promise;
    });
    await begun.promise;

    const early = [add('a'), add('b')];
    goOn.resolve();
    await older;
    const late = early[0]?.then(() => add('c'));

    expect(await Promise.all([...early, late])).toEqual(['a', 'b', 'c']);
    expect(batches).toEqual([['a', 'b'], ['c']]);
  });

  it('refuses one without undoing its neighbours', async () => {
    await using notes = await aNotesDatabase(kind);
    const { add } = noteAdder(notes);

    expect(await reasons(['a', 'refused', 'b'].map(add))).toEqual(['a', 'refused', 'b']);
    expect(await notes.texts()).toEqual(['a', 'b']);
  });

  it('fails one alone that makes all of it fail', async () => {
    await using notes = await aNotesDatabase(kind);
    const { add, batches } = noteAdder(notes);
    await add('taken');

    const results = await reasons(['a', 'taken', 'b'].map(add));

    expect(results).toEqual(['a', expect.stringMatching(/unique/i), 'b']);
    expect(batches).toEqual([['taken'], ['a', 'taken', 'b'], ['a'], ['taken'], ['b']]);
    expect(await notes.texts()).toEqual(['taken', 'a', 'b']);
  });

  it('takes no more than 500 at once', async () => {
    await using notes = await aNotesDatabase(kind);
    const { add, batches } = noteAdder(notes);
    const texts = Array.from({ length: 501 }, (_, number) => `note ${number}`);

    expect(await Promise.all(texts.map(add))).toEqual(texts);
    expect(batches.map(({ length }) => length)).toEqual([500, 1]);
  });
});

describe('a batch', () => {
  it('takes up no more where 10,000 wait for a storage that does not answer', async () => {
    const answer = Promise.withResolvers<string[]>();
    const add = createBatch<number, string>((take) => answer.promise.then(() => take().map(String)));
    const waiting = Array.from({ length: 10_000 }, (_, number) => add(number));

    await expect(add(10_000)).rejects.toMatchObject({ code: 'unavailable' });

    answer.resolve([]);
    expect((await Promise.all(waiting)).at(-1)).toBe('9999');
    expect(await add(10_000)).toBe('10000');
  });

  it('tells everybody where the storage is away, and asks it once', async () => {
    let asked = 0;
    const add = createBatch<number, string>(async (take) => {
      asked += 1;
      take();
      throw Object.assign(new Error('away'), { code: 'ECONNREFUSED' });
    });

    expect(await reasons([add(1), add(2), add(3)])).toEqual(['away', 'away', 'away']);
    expect(asked).toBe(1);
  });

  it('goes on once the storage is back, though it was away before anything was taken', async () => {
    let isAway = true;
    const add = createBatch<number, string>(async (take) => {
      if (isAway) throw Object.assign(new Error('away'), { code: 'ECONNREFUSED' });
      return take().map(String);
    });
    await expect(add(1)).rejects.toThrow('away');
    isAway = false;

    expect(await add(2)).toBe('2');
  });
});
