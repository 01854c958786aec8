import { setImmediate as turn } from 'node:timers/promises';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { createGroupCommit } from '../src/database/group-commit.ts';
import { databases } from './databases.ts';
import { addNote, aNotesDatabase } from './notes.ts';

const uniqueViolation = /unique/i;

/** Promises that are answered and what with, in the order in which they were made. */
function outcomes(writes: Promise<unknown>[]) {
  return Promise.allSettled(writes).then((results) =>
    results.map((result) => (result.status === 'fulfilled' ? result.value : String(result.reason.message))),
  );
}

describe.each(databases)('group commit on %s', (kind) => {
  it('puts writes that arrive together into one transaction', async () => {
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

  it('gives 200 concurrent callers each their own result', async () => {
    await using notes = await aNotesDatabase(kind);
    const texts = Array.from({ length: 200 }, (_, number) => `note ${number}`);
    expect(await Promise.all(texts.map((text) => notes.write((trx) => addNote(trx, text))))).toEqual(texts);
    expect(await notes.texts()).toEqual(texts);
  });

  it('undoes all of a write that throws, and nothing of its neighbours', async () => {
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

  it('refuses the one write that breaks a unique constraint, with what it did before', async () => {
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

  it('lets no neighbour pay for a write that swallows the error of its statement', async () => {
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

  it('answers nobody before the commit, not even with an error', async () => {
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

  it('has a row visible to everybody once its caller is answered', async () => {
    await using notes = await aNotesDatabase(kind);
    const seen = ['a', 'b', 'c'].map(async (text) => {
      await notes.write((trx) => addNote(trx, text));
      return (await notes.texts()).includes(text);
    });
    expect(await Promise.all(seen)).toEqual([true, true, true]);
  });

  it('commits what has gathered before all of a long queue has run', async () => {
    await using notes = await aNotesDatabase(kind);
    const early = Array.from({ length: 300 }, (_, number) => notes.write((trx) => addNote(trx, String(number))));
    const committed = await notes.write(async () => (await notes.texts()).length);
    await Promise.all(early);
    expect(committed).toBeGreaterThan(0);
    expect(committed).toBeLessThan(300);
  });

  it('takes writes made while a group is being committed', async () => {
    await using notes = await aNotesDatabase(kind);
    let meanwhile: Promise<string> | undefined;
    await notes.write(async (trx) => {
      meanwhile = notes.write((later) => addNote(later, 'second'));
      return addNote(trx, 'first');
    });
    expect(await meanwhile).toBe('second');
    expect(await notes.texts()).toEqual(['first', 'second']);
  });

  it('finishes every write that is under way before it closes', async () => {
    await using notes = await aNotesDatabase(kind);
    const texts = Array.from({ length: 300 }, (_, number) => String(number));
    const writes = Promise.all(texts.map((text) => notes.write((trx) => addNote(trx, text))));
    await notes.close();
    expect(await writes).toEqual(texts);
    expect(await notes.texts()).toEqual(texts);
  });

  it('runs a write again that met a deadlock, and gives up after three times', async () => {
    await using notes = await aNotesDatabase(kind);
    const runs = { once: 0, always: 0 };
    const once = notes.write(async (trx) => {
      await addNote(trx, 'once');
      runs.once += 1;
      if (runs.once === 1) throw deadlock();
    });
    const always = notes.write(async (trx) => {
      await addNote(trx, 'always');
      runs.always += 1;
      throw deadlock();
    });
    expect(await outcomes([once, always])).toEqual([undefined, 'deadlock detected']);
    expect(runs).toEqual({ once: 2, always: 3 });
    expect(await notes.texts()).toEqual(['once']);
  });
});

function deadlock() {
  return Object.assign(new Error('deadlock detected'), { code: '40P01' });
}

describe('group commit of two processes on postgres', () => {
  it('lets both of two writers succeed that wait for each other', async () => {
    await using notes = await aNotesDatabase('postgres');
    const rival = createGroupCommit(notes.other);
    for (const text of ['left', 'right']) await notes.write((trx) => addNote(trx, text));
    const bothHoldOne = barrier(2);
    const runs: string[] = [];
    const touch = (write: typeof notes.write, order: string[]) =>
      write(async (trx) => {
        runs.push(order.join(' before '));
        await sql`set local deadlock_timeout = '20ms'`.execute(trx);
        for (const text of order) {
          await trx.updateTable('notes').set({ text }).where('text', '=', text).execute();
          await bothHoldOne();
        }
        return addNote(trx, order.join(' before '));
      });
    await Promise.all([touch(notes.write, ['left', 'right']), touch(rival.write, ['right', 'left'])]);
    expect(runs).toHaveLength(3);
    expect((await notes.texts()).sort()).toEqual(['left', 'left before right', 'right', 'right before left']);
  });
});

/** Holds whoever comes until so many have come. */
function barrier(count: number): () => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let missing = count;
  return () => {
    missing -= 1;
    if (missing === 0) resolve();
    return promise;
  };
}
