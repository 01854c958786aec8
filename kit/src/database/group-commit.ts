import { CompiledQuery, type Kysely, type Transaction } from 'kysely';
import { isTransient } from './faults.ts';

export type Write<DB> = <T>(run: (trx: Transaction<DB>) => Promise<T>) => Promise<T>;

type Job<DB> = {
  run: (trx: Transaction<DB>) => Promise<unknown>;
  resolve: (value: never) => void;
  reject: (error: unknown) => void;
  attempts: number;
};

/** Bounds how long the first caller of a group waits for the last one's statements. */
const groupMax = 256;
const attemptsMax = 3;

/**
 * Group commit: writes that arrive together share one transaction and one fsync.
 *
 * Each write runs behind its own savepoint: one that throws is undone alone, and its caller gets the error. Nobody is
 * answered before the commit, not even with an error, because a refusal may rest on a neighbour's uncommitted row.
 * When the commit fails, every caller of the group gets that error. A write may run more than once (deadlock), so
 * it does nothing but talk to its transaction.
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
    }
    flushing = undefined;
  }

  return {
    write: (run) =>
      new Promise((resolve, reject) => {
        queue.push({ run, resolve, reject, attempts: 0 });
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
    job.attempts += 1;
    if (isTransient(error) && job.attempts < attemptsMax) retries.push(job);
    else answers.push(() => job.reject(error));
  };
  try {
    await db.transaction().execute(async (trx) => {
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

const savepoint = CompiledQuery.raw('savepoint job');
const rollbackToSavepoint = CompiledQuery.raw('rollback to savepoint job');
const releaseSavepoint = CompiledQuery.raw('release savepoint job');
