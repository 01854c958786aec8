// Own code, because p-limit and p-queue let any number of jobs wait, and do not keep jobs of one key apart.

import { addAbortListener } from 'node:events';
import { AppError } from '../errors.ts';

export type Turn = {
  /** Of the jobs with one key, one runs at a time, in the order in which they came. */
  key?: string | undefined;
  /** Runs before the jobs that do not go first, and has waiting places of its own. */
  goesFirst?: boolean | undefined;
  /** Gives up the waiting place when it aborts. */
  signal?: AbortSignal | undefined;
};

export type Turns = {
  /** @throws AppError `unavailable` if too many jobs wait, or when the signal aborts before the job has begun. */
  run<T>(turn: Turn, job: () => Promise<T>): Promise<T>;
};

type Options = {
  runningMax: number;
  /** Of the jobs that go first, and again of the others. */
  waitingMax: number;
  /** What the caller of a refused job is told, and when to try again. */
  refusal: { sentence: string; retryAfterSeconds: number };
};

type Waiting = { key: string | undefined; goesFirst: boolean; begin: () => void };

/** Runs expensive jobs a few at a time. A job that finds no waiting place is refused at once, so a flood of them is cheap. */
export function createTurns({ runningMax, waitingMax, refusal }: Options): Turns {
  const waiting: Waiting[] = [];
  const runningKeys = new Set<string | undefined>();
  let running = 0;

  const refused = () => new AppError('unavailable', refusal.sentence, { retryAfterSeconds: refusal.retryAfterSeconds });

  function beginNext(): void {
    while (running < runningMax) {
      const free = waiting.filter(({ key }) => !runningKeys.has(key));
      const next = free.find(({ goesFirst }) => goesFirst) ?? free[0];
      if (!next) return;
      waiting.splice(waiting.indexOf(next), 1);
      running += 1;
      if (next.key !== undefined) runningKeys.add(next.key);
      next.begin();
    }
  }

  async function wait({ key, goesFirst = false, signal }: Turn): Promise<void> {
    if (signal?.aborted) throw refused();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const place = { key, goesFirst, begin: resolve };
    const giveUp = () => {
      const index = waiting.indexOf(place);
      if (index < 0) return;
      waiting.splice(index, 1);
      reject(refused());
    };
    using _listener = signal && addAbortListener(signal, giveUp);
    waiting.push(place);
    beginNext();
    if (waiting.filter((other) => other.goesFirst === goesFirst).length > waitingMax) giveUp();
    await promise;
  }

  return {
    async run(turn, job) {
      await wait(turn);
      try {
        return await job();
      } finally {
        running -= 1;
        runningKeys.delete(turn.key);
        beginNext();
      }
    },
  };
}
