import { describe, expect, it } from 'vitest';
import { createTurns, type Turn } from './turns.ts';

const refusal = { sentence: 'Too many jobs', retryAfterSeconds: 2 };
const refused = { code: 'unavailable', message: 'Too many jobs', extras: { retryAfterSeconds: 2 } };

const loop = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Two jobs may run and three may wait. A job is named, and runs until the test ends it. */
function jobs() {
  const turns = createTurns({ runningMax: 2, waitingMax: 3, refusal });
  const running = new Map<string, PromiseWithResolvers<void>>();
  const begun: string[] = [];
  const start = (name: string, turn: Turn = {}) => {
    const end = Promise.withResolvers<void>();
    const run = turns.run(turn, async () => {
      begun.push(name);
      running.set(name, end);
      await end.promise;
      return name;
    });
    return run.catch((error: Error) => error);
  };
  /** Ends a running job and lets the next one begin. */
  const end = async (name: string, error?: Error) => {
    await loop();
    const job = running.get(name);
    if (error) job?.reject(error);
    else job?.resolve();
    await loop();
  };
  return { start, end, begun };
}

const startAll = (start: (name: string) => unknown, names: string) => [...names].map(start);

describe('turns', () => {
  it('run two jobs at once and the others in order, each as soon as one has ended', async () => {
    const { start, end, begun } = jobs();
    const answers = startAll(start, 'abcd');
    await loop();
    expect(begun).toEqual(['a', 'b']);

    await end('b');
    expect(begun).toEqual(['a', 'b', 'c']);
    for (const name of 'acd') await end(name);

    expect(await Promise.all(answers)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('refuse a job at once if too many wait, and take the next one when a place is free', async () => {
    const { start, end, begun } = jobs();
    startAll(start, 'abcde');

    expect(await start('f')).toMatchObject(refused);
    await end('a');
    void start('g');
    for (const name of 'bcdeg') await end(name);

    expect(begun.join('')).toBe('abcdeg');
  });

  it('go on after a job that fails', async () => {
    const { start, end, begun } = jobs();
    const [failed] = startAll(start, 'abc');
    await end('a', new Error('broken'));

    expect(await failed).toMatchObject({ message: 'broken' });
    expect(begun).toEqual(['a', 'b', 'c']);
  });

  it('let a job that goes first pass the others, into places of its own', async () => {
    const { start, end, begun } = jobs();
    startAll(start, 'abcde');
    startAll((name) => start(name, { goesFirst: true }), 'XYZ');

    expect(await start('f')).toMatchObject(refused);
    expect(await start('V', { goesFirst: true })).toMatchObject(refused);
    for (const name of 'abXYZc') await end(name);

    expect(begun.join('')).toBe('abXYZcde');
  });

  it('run jobs with one key one after another, without holding up others', async () => {
    const { start, end, begun } = jobs();
    startAll((name) => start(name, { key: 'alice' }), 'abc');
    void start('d');
    await end('d');
    expect(begun).toEqual(['a', 'd']);
    void start('e', { key: 'bob' });

    await end('a');
    await end('e');
    await end('b');

    expect(begun).toEqual(['a', 'd', 'e', 'b', 'c']);
  });

  it('give the place of a job that is given up to another', async () => {
    const { start, end, begun } = jobs();
    const leaver = new AbortController();
    startAll(start, 'ab');
    const left = start('c', { signal: leaver.signal });
    startAll(start, 'de');
    leaver.abort();
    void start('f');

    expect(await left).toMatchObject(refused);
    for (const name of 'abdef') await end(name);
    expect(begun.join('')).toBe('abdef');
    expect(await start('g', { signal: leaver.signal })).toMatchObject(refused);
  });
});
