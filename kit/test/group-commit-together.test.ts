import type { Kysely } from 'kysely';
import { describe, expect, it, vi } from 'vitest';
import { AppError } from '../src/errors.ts';
import { databases } from './databases.ts';
import { addNote, addReplyToNothing, aNotesDatabase, type Notes, type NotesDatabase } from './notes.ts';

/** The texts of each call, and how many calls still fail with a deadlock. */
type Context = { calls: string[][]; deadlocks?: number };

async function addNotes(trx: Kysely<Notes>, texts: string[], context: Context): Promise<(string | Error)[]> {
  context.calls.push([...texts]);
  const results: (string | Error)[] = [];
  for (const text of texts) {
    results.push(text === 'refused' ? new AppError('conflict', 'refused') : await addNote(trx, text));
  }
  if (context.deadlocks) {
    context.deadlocks -= 1;
    throw Object.assign(new Error('deadlock detected'), { code: '40P01' });
  }
  return results;
}

function noteAdder(notes: NotesDatabase, context: Context = { calls: [] }) {
  return { add: (text: string) => notes.write.together(addNotes, text, context), calls: context.calls };
}

async function outcomes(writes: Promise<unknown>[]): Promise<unknown[]> {
  const results = await Promise.allSettled(writes);
  return results.map((result) => (result.status === 'fulfilled' ? result.value : result.reason.message));
}

describe.each(databases)('inputs written together on %s', (kind) => {
  it('share one call, and each caller gets its own result', async () => {
    await using notes = await aNotesDatabase(kind);
    const { add, calls } = noteAdder(notes);

    expect(await Promise.all(['a', 'b', 'c'].map(add))).toEqual(['a', 'b', 'c']);
    expect(calls).toEqual([['a', 'b', 'c']]);
    expect(await notes.texts()).toEqual(['a', 'b', 'c']);
  });

  it('share the transaction of their group, at the position of the first input', async () => {
    await using notes = await aNotesDatabase(kind);
    const { add } = noteAdder(notes);
    const look = async (trx: Kysely<Notes>) => {
      const inside = await trx.selectFrom('notes').select('text').orderBy('id').execute();
      return { inside: inside.map(({ text }) => text), outside: await notes.texts() };
    };

    const [, seen] = await Promise.all([
      add('a'),
      notes.write(look),
      notes.write((trx) => addNote(trx, 'alone')),
      add('b'),
    ]);

    expect(seen).toEqual({ inside: ['a', 'b'], outside: [] });
    expect(await notes.texts()).toEqual(['a', 'b', 'alone']);
  });

  it('include inputs that arrive before their call runs, and none that arrive later', async () => {
    await using notes = await aNotesDatabase(kind);
    const calls: string[][] = [];
    let late: Promise<string> | undefined;
    const addAll = (trx: Kysely<Notes>, texts: string[]) => {
      late ??= add('late');
      calls.push([...texts]);
      return Promise.all(texts.map((text) => addNote(trx, text)));
    };
    const add = (text: string) => notes.write.together(addAll, text, undefined);
    let joined: Promise<string> | undefined;

    const older = notes.write(async () => {
      joined = add('joined');
    });
    const [first] = await Promise.all([add('first'), older]);

    expect([first, await joined, await late]).toEqual(['first', 'joined', 'late']);
    expect(calls).toEqual([['first', 'joined'], ['late']]);
  });

  it('are separate for a different context or function', async () => {
    await using notes = await aNotesDatabase(kind);
    const [one, other] = [noteAdder(notes), noteAdder(notes)];
    const third: string[][] = [];
    const echo = async (_trx: Kysely<Notes>, texts: string[]) => {
      third.push([...texts]);
      return texts;
    };
    const add = (text: string) => notes.write.together(echo, text, undefined);

    await Promise.all([one.add('a'), add('b'), other.add('c'), add('d'), other.add('e')]);

    expect([one.calls, other.calls, third]).toEqual([[['a']], [['c', 'e']], [['b', 'd']]]);
  });

  it('are refused one by one, and the others are stored', async () => {
    await using notes = await aNotesDatabase(kind);
    const { add } = noteAdder(notes);

    expect(await outcomes(['a', 'refused', 'b'].map(add))).toEqual(['a', 'refused', 'b']);
    expect(await notes.texts()).toEqual(['a', 'b']);
  });

  it('run alone in the same transaction when their call fails, so that each fails independently', async () => {
    await using notes = await aNotesDatabase(kind);
    const { add, calls } = noteAdder(notes);
    await add('taken');
    const seen: string[][] = [];
    const look = () => notes.write(async () => void seen.push(await notes.texts()));

    const results = await outcomes([...['a', 'taken', 'b'].map(add), look()]);

    expect(results).toEqual(['a', expect.stringMatching(/unique/i), 'b', undefined]);
    expect(calls).toEqual([['taken'], ['a', 'taken', 'b'], ['a'], ['taken'], ['b']]);
    expect(seen).toEqual([['taken']]);
    expect(await notes.texts()).toEqual(['taken', 'a', 'b']);
  });

  it('all get the error of a failed commit', async () => {
    await using notes = await aNotesDatabase(kind);
    const { add, calls } = noteAdder(notes);

    const results = await outcomes([add('a'), add('refused'), notes.write((trx) => addReplyToNothing(trx))]);

    expect(results).toEqual(Array(3).fill(expect.stringMatching(/foreign key/i)));
    expect(calls).toHaveLength(1);
    expect(await notes.texts()).toEqual([]);
  });

  it('run together again after a deadlock', async () => {
    await using notes = await aNotesDatabase(kind);
    const { add, calls } = noteAdder(notes, { calls: [], deadlocks: 2 });

    expect(await outcomes(['a', 'b'].map(add))).toEqual(['a', 'b']);
    expect(calls).toEqual(Array(3).fill(['a', 'b']));
    expect(await notes.texts()).toEqual(['a', 'b']);
  });
});

describe('inputs written together', () => {
  it('are at most 500 in one call', async () => {
    await using notes = await aNotesDatabase('sqlite');
    const calls: number[] = [];
    const echo = async (_trx: Kysely<Notes>, numbers: number[]) => {
      calls.push(numbers.length);
      return numbers;
    };
    const numbers = Array.from({ length: 501 }, (_, number) => number);

    expect(await Promise.all(numbers.map((number) => notes.write.together(echo, number, undefined)))).toEqual(numbers);
    expect(calls).toEqual([500, 1]);
  });

  it('are rejected as unavailable while 10,000 wait, and accepted again afterwards', async () => {
    await using notes = await aNotesDatabase('sqlite');
    const echo = async (_trx: Kysely<Notes>, numbers: number[]) => numbers;
    const add = (number: number) => notes.write.together(echo, number, undefined);
    const waiting = Array.from({ length: 10_000 }, (_, number) => add(number));

    await expect(add(10_000)).rejects.toMatchObject({ code: 'unavailable' });

    expect((await Promise.all(waiting)).at(-1)).toBe(9_999);
    expect(await add(10_000)).toBe(10_000);
  });

  it('all get the error of an unavailable database after a single call', async () => {
    await using notes = await aNotesDatabase('sqlite');
    let calls = 0;
    const fail = async (): Promise<string[]> => {
      calls += 1;
      throw Object.assign(new Error('away'), { code: 'ECONNREFUSED' });
    };

    expect(await outcomes([1, 2, 3].map((number) => notes.write.together(fail, number, undefined)))).toEqual(
      Array(3).fill('away'),
    );
    expect(calls).toBe(1);
  });

  it('are accepted again once the database works, after it was unavailable before their call', async () => {
    await using notes = await aNotesDatabase('sqlite');
    const { add, calls } = noteAdder(notes);
    let passedMs = 0;
    const monotonicMs = performance.now.bind(performance);
    using _clock = vi.spyOn(performance, 'now').mockImplementation(() => monotonicMs() + passedMs);
    const [begun, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const rival = notes.other.transaction().execute(async () => {
      begun.resolve();
      await goOn.promise;
    });
    await begun.promise;
    const early = outcomes([add('a'), add('b')]);
    passedMs = 6_000;

    expect(await early).toEqual(Array(2).fill('database is locked'));
    goOn.resolve();
    await rival;
    expect(await add('c')).toBe('c');
    expect(calls).toEqual([['c']]);
  });
});
