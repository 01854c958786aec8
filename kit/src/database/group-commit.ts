import { setTimeout as sleep } from 'node:timers/promises';
import { CompiledQuery, type Kysely, type Transaction } from 'kysely';
import { AppError } from '../errors.ts';
import { isPostgres } from './columns.ts';
import { isTransient } from './faults.ts';

export type Write<DB> = <T>(run: (trx: Transaction<DB>) => Promise<T>) => Promise<T>;

type Job<DB> = {
  run: (trx: Transaction<DB>) => Promise<unknown>;
  resolve: (value: never) => void;
  reject: (error: unknown) => void;
  arrivedMs: number;
};

/** Bounds how long the first caller of a group waits for the last one's statements. */
const groupMax = 256;
/** More than this many waiting means that the database does not keep up, or not answer at all. */
const queueMax = 10_000;
/** How long a write is tried again where another process is in its way. */
const patienceMs = 5_000;
const betweenTriesMs = 20;

/**
 * Group commit: writes that arrive together share one transaction and one fsync.
 *
 * Each write runs behind its own savepoint: one that throws is undone alone, and its caller gets the error. Nobody is
 * answered before the commit, not even with an error, because a refusal may rest on a neighbour's uncommitted row.
 * When the commit fails, every caller of the group gets that error. A write may run more than once, so it does
 * nothing but talk to its transaction.
 *
 * There is one writer to a schema, on PostgreSQL as on SQLite: whoever writes holds a lock from before the first id is given
 * out until after the commit. So ids become visible in increasing order, and writers cannot deadlock. (An identity
 * column alone gives out ids before their rows can be seen; a transaction that commits late would hide a low id behind
 * a reader's cursor for ever.)
 */
export function createGroupCommit<DB>(db: Kysely<DB>): { write: Write<DB>; drain(): Promise<void> } {
  const queue: Job<DB>[] = [];
  let flushing: Promise<void> | undefined;

  async function flush() {
    while (queue.length > 0) {
      // One turn of the event loop lets the requests that have arrived by now join the group.
      await new Promise((resolve) => setImmediate(resolve));
      const retries = await commit(db, queue.splice(0, groupMax));
      queue.unshift(...retries);
      if (retries.length > 0) await sleep(betweenTriesMs);
    }
    flushing = undefined;
  }

  return {
    write: (run) =>
      new Promise((resolve, reject) => {
        if (queue.length >= queueMax) throw new AppError('unavailable', 'Too many writes wait for the storage');
        queue.push({ run, resolve, reject, arrivedMs: performance.now() });
        flushing ??= flush();
      }),
    drain: async () => flushing,
  };
}

/** Runs a group and answers its callers. Gives back the jobs that are to be run again. */
async function commit<DB>(db: Kysely<DB>, group: Job<DB>[]): Promise<Job<DB>[]> {
  const retries: Job<DB>[] = [];
  const answers: (() => void)[] = [];
  const fail = (job: Job<DB>, error: unknown) => {
    if (isTransient(error) && performance.now() - job.arrivedMs < patienceMs) retries.push(job);
    else answers.push(() => job.reject(error));
  };
  try {
    await db.transaction().execute(async (trx) => {
      if (isPostgres(trx)) await trx.executeQuery(oneWriter);
      for (const job of group) {
        await trx.executeQuery(savepoint);
        try {
          const value = await job.run(trx);
          // fails where the job has swallowed an error that ended the transaction
          await trx.executeQuery(releaseSavepoint);
          answers.push(() => job.resolve(value as never));
        } catch (error) {
          await undo(trx, error);
          fail(job, error);
        }
      }
    });
  } catch (error) {
    retries.length = 0;
    answers.length = 0;
    for (const job of group) fail(job, error);
  }
  for (const answer of answers) answer();
  return retries;
}

/** @throws the error that is the reason for undoing, where that has ended the whole transaction (a full disk, a lost connection). */
async function undo<DB>(trx: Transaction<DB>, reason: unknown): Promise<void> {
  try {
    await trx.executeQuery(rollbackToSavepoint);
    await trx.executeQuery(releaseSavepoint);
  } catch {
    throw reason;
  }
}

const oneWriter = CompiledQuery.raw(
  "select pg_advisory_xact_lock(hashtext('doorstep writer'), hashtext(current_schema()))",
);
const savepoint = CompiledQuery.raw('savepoint job');
const rollbackToSavepoint = CompiledQuery.raw('rollback to savepoint job');
const releaseSavepoint = CompiledQuery.raw('release savepoint job');
