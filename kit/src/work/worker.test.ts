import { describe, expect, it } from 'vitest';
import { eventually } from '../../test/eventually.ts';
import type { OwnerLock } from './owner-lock.ts';
import { type Next, startWorker, type WorkerOptions } from './worker.ts';

const aMinuteMs = 60_000;
const words = { idle: 'nothing is baked here', mine: 'it is baked here from now on' };

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

type Options = {
  next?: Next[];
  work?: WorkerOptions['work'];
  /** For each attempt to take or to check the lock, its error; undefined for success. */
  taking?: (string | undefined)[];
  ensuring?: (string | undefined)[];
  standByMs?: number;
};

/** A worker with its number of rounds, its log lines and the calls to its lock. */
function aWorker({ next = [], work, taking = [], ensuring = [], standByMs = aMinuteMs }: Options = {}) {
  const lines: string[] = [];
  const lock: string[] = [];
  const hinder = async (name: string, hindrances: (string | undefined)[]) => {
    lock.push(name);
    const hindrance = hindrances.shift();
    if (hindrance !== undefined) throw new Error(hindrance);
  };
  const held: OwnerLock = { ensure: () => hinder('ensured', ensuring), release: () => hinder('released', []) };
  let rounds = 0;
  const tell = (level: string) => (line: string) => void lines.push(`${level} ${line}`);
  const logger = { info: tell('info'), warn: tell('warn'), error: tell('error') };
  const worker = startWorker({
    work: async (stop) => {
      rounds += 1;
      return (await work?.(stop)) ?? next.shift() ?? { inMs: aMinuteMs };
    },
    takeLock: async () => {
      await hinder('taken', taking);
      return held;
    },
    logger: logger as unknown as WorkerOptions['logger'],
    words,
    standByMs,
  });
  return { ...worker, lines, lock, rounds: () => rounds };
}

describe('a worker', () => {
  it('works at once and as often as its rounds ask, and checks its lock before each round', async () => {
    await using worker = aWorker({ next: [{ inMs: 0 }, { inMs: 0 }, { inMs: 1 }] });

    await eventually(() => worker.rounds() === 4);

    expect(worker.lock).toEqual(['taken', 'ensured', 'ensured', 'ensured', 'ensured']);
    expect(worker.lines).toEqual([]);
  });

  it('sleeps as long as its round asks, unless it is woken', async () => {
    await using worker = aWorker({ next: [{ inMs: aMinuteMs, orWhenWoken: true }] });
    await settle();
    expect(worker.rounds()).toBe(1);

    worker.wake();
    await settle();

    expect(worker.rounds()).toBe(2);
  });

  it('works again at once if it is woken during a round', async () => {
    const round = Promise.withResolvers<Next>();
    const rounds = [round.promise];
    await using worker = aWorker({ work: async () => rounds.shift() ?? { inMs: aMinuteMs } });
    await settle();

    worker.wake();
    round.resolve({ inMs: aMinuteMs, orWhenWoken: true });
    await settle();

    expect(worker.rounds()).toBe(2);
  });

  it('does not wake early if its round asks for a full sleep', async () => {
    await using worker = aWorker({ next: [{ inMs: aMinuteMs }] });
    await settle();

    worker.wake();
    await settle();

    expect(worker.rounds()).toBe(1);
  });

  it('stops at once while it sleeps, and releases its lock', async () => {
    const worker = aWorker({ next: [{ inMs: aMinuteMs, orWhenWoken: true }] });
    await settle();

    await worker[Symbol.asyncDispose]();
    worker.wake();
    await settle();

    expect(worker.rounds()).toBe(1);
    expect(worker.lock).toEqual(['taken', 'ensured', 'released']);
  });

  it('signals the round under way to stop, and releases its lock after that round', async () => {
    const round = Promise.withResolvers<Next>();
    let signal: AbortSignal | undefined;
    const worker = aWorker({
      work: (stop) => {
        signal = stop;
        return round.promise;
      },
    });
    await settle();

    const stopped = worker[Symbol.asyncDispose]();
    await settle();
    expect(signal?.aborted).toBe(true);
    expect(worker.lock).toEqual(['taken', 'ensured']);
    round.resolve({ inMs: 0 });
    await stopped;

    expect(worker.rounds()).toBe(1);
    expect(worker.lock).toEqual(['taken', 'ensured', 'released']);
  });

  it('logs each reason why it cannot work once, and that it works in the end', async () => {
    const taking = ['another works', 'another works', 'the disk is full', undefined];
    await using worker = aWorker({ next: [{ inMs: 0 }], taking, standByMs: 1 });

    await eventually(() => worker.rounds() === 2);

    expect(worker.lines).toEqual([
      'warn another works; nothing is baked here',
      expect.stringMatching(/^warn the disk is full, for .* now; nothing is baked here$/),
      expect.stringMatching(/^info it is baked here from now on after /),
    ]);
    expect(worker.lock).toEqual(['taken', 'taken', 'taken', 'taken', 'ensured', 'ensured']);
  });

  it('stands by after it loses its lock, until it takes it again', async () => {
    const ensuring = [undefined, 'another works'];
    await using worker = aWorker({ next: [{ inMs: 0 }], ensuring, standByMs: 1 });

    await eventually(() => worker.rounds() === 2);

    expect(worker.lock).toEqual(['taken', 'ensured', 'ensured', 'taken', 'ensured']);
    const back = expect.stringMatching(/^info it is baked here from now on after /);
    expect(worker.lines).toEqual(['warn another works; nothing is baked here', back]);
  });

  it('neither works when woken nor releases anything without the lock', async () => {
    const worker = aWorker({ taking: ['another works'] });
    await settle();

    worker.wake();
    await settle();
    await worker[Symbol.asyncDispose]();

    expect(worker.rounds()).toBe(0);
    expect(worker.lock).toEqual(['taken']);
  });

  it('survives a round that throws, and logs it as an error', async () => {
    const rounds = [() => Promise.reject(new TypeError('no such cake'))];
    const work = async () => (rounds.shift() ?? (async () => ({ inMs: aMinuteMs })))();
    await using worker = aWorker({ work, standByMs: 1 });

    await eventually(() => worker.rounds() === 2);

    expect(worker.lines).toEqual(['error nothing is baked here for the next 0.001 s: no such cake']);
  });

  it('logs once that the database is unavailable, as a warning, and once that it works again', async () => {
    const away = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const rounds = [away, away, away];
    const work = async () => {
      const error = rounds.shift();
      if (error) throw error;
      return { inMs: aMinuteMs };
    };
    await using worker = aWorker({ work, standByMs: 1 });

    await eventually(() => worker.rounds() === 4);
    await settle();

    expect(worker.lines).toEqual([
      'warn connect ECONNREFUSED; nothing is baked here',
      expect.stringMatching(/^info it is baked here from now on after /),
    ]);
  });

  it('stops after beginStop, before anything awaits its end', async () => {
    await using worker = aWorker();
    await eventually(() => worker.rounds() === 1);

    worker.beginStop();

    await eventually(() => worker.lock.includes('released'));
  });
});
