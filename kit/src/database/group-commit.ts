import { setTimeout as sleep } from 'node:timers/promises';
import { CompiledQuery, type Kysely, type Transaction } from 'kysely';
import { AppError } from '../errors.ts';
import { isPostgres } from './columns.ts';
import { isTransient, isUnavailable } from './faults.ts';

/** Runs a write. Resolves when the write is committed. */
export type Write<DB> = <T>(run: (trx: Transaction<DB>) => Promise<T>) => Promise<T>;

export type GroupWrite<DB> = Write<DB> & {
  /**
   * Writes an input in one call of `runAll` with all others that wait for the same `runAll` and `context`. `runAll`
   * returns a result for each input, in order; an Error refuses its input and undoes nothing. If `runAll` throws,
   * it runs again for each input alone, so each fails independently.
   */
  together<Input, Output, Context>(
    runAll: (trx: Transaction<DB>, inputs: Input[], context: Context) => Promise<(Output | Error)[]>,
    input: Input,
    context: Context,
  ): Promise<Output>;
};

type RunAll<DB> = (trx: Transaction<DB>, inputs: never[], context: never) => Promise<unknown[]>;

type Caller = { input: unknown; resolve: (value: never) => void; reject: (error: unknown) => void };

/** The work behind one savepoint: one caller's write, or the inputs of many callers. */
type Job<DB> = {
  runAll: RunAll<DB>;
  context: unknown;
  callers: Caller[];
  /** Callers can join until the job runs or fails. */
  isOpen: boolean;
  arrivedMs: number;
};

/** Bounds how long the first caller of a group waits for the last one's statements. */
const groupMax = 256;
/** Bounds the size of one statement. */
const callersMax = 500;
/** If more callers than this wait, the database does not keep up or does not answer. */
const waitingMax = 10_000;
/** How long a write is retried while another process blocks it. */
const patienceMs = 5_000;
const betweenTriesMs = 20;

/**
 * Group commit: concurrent writes share one transaction and one fsync.
 *
 * Each job runs behind its own savepoint: a job that throws is rolled back alone. No caller gets an answer before the
 * commit, not even an error, because a refusal may depend on an uncommitted row of the same group. If the commit fails,
 * every caller of the group gets its error. A write may run more than once, so it does nothing but use its transaction.
 *
 * A schema has one writer at a time, on PostgreSQL as on SQLite: the writer holds a lock from before the first id is
 * assigned until after the commit. So ids become visible in increasing order, and writers cannot deadlock. (An identity
 * column alone assigns ids before their rows are visible; a transaction that commits late would hide a low id behind
 * a reader's cursor for ever.)
 */
export function createGroupCommit<DB>(db: Kysely<DB>): { write: GroupWrite<DB>; drain(): Promise<void> } {
  const queue: Job<DB>[] = [];
  const lastOfKind = new WeakMap<RunAll<DB>, Job<DB>>();
  let waiting = 0;
  let flushing: Promise<void> | undefined;

  async function flush() {
    while (queue.length > 0) {
      // One turn of the event loop lets requests that have already arrived join the group.
      await new Promise((resolve) => setImmediate(resolve));
      const group = queue.splice(0, groupMax);
      const retries = await commit(db, group);
      waiting -= countCallers(group) - countCallers(retries);
      queue.unshift(...retries);
      if (retries.length > 0) await sleep(betweenTriesMs);
    }
    flushing = undefined;
  }

  function addJob(runAll: RunAll<DB>, context?: unknown): Job<DB> {
    const job = { runAll, context, callers: [], isOpen: true, arrivedMs: performance.now() };
    queue.push(job);
    return job;
  }

  function openJob(runAll: RunAll<DB>, context: unknown): Job<DB> {
    const last = lastOfKind.get(runAll);
    if (last?.isOpen && last.context === context && last.callers.length < callersMax) return last;
    const job = addJob(runAll, context);
    lastOfKind.set(runAll, job);
    return job;
  }

  function call<T>(findJob: () => Job<DB>, input?: unknown): Promise<T> {
    return new Promise((resolve, reject) => {
      if (waiting >= waitingMax) throw new AppError('unavailable', 'Too many writes are waiting for the database');
      waiting += 1;
      findJob().callers.push({ input, resolve, reject });
      flushing ??= flush();
    });
  }

  const write: Write<DB> = (run) => call(() => addJob(async (trx) => [await run(trx)]));
  const together: GroupWrite<DB>['together'] = async (runAll, input, context) => {
    const result = await call<Awaited<ReturnType<typeof runAll>>[number]>(() => openJob(runAll, context), input);
    if (result instanceof Error) throw result;
    return result;
  };
  return { write: Object.assign(write, { together }), drain: async () => flushing };
}

function countCallers<DB>(jobs: Job<DB>[]): number {
  return jobs.reduce((count, { callers }) => count + callers.length, 0);
}

/** Runs a group and answers its callers. Returns the jobs to run again. */
async function commit<DB>(db: Kysely<DB>, group: Job<DB>[]): Promise<Job<DB>[]> {
  const retries: Job<DB>[] = [];
  const answers: (() => void)[] = [];
  const fail = (job: Job<DB>, error: unknown) => {
    job.isOpen = false;
    if (isTransient(error) && performance.now() - job.arrivedMs < patienceMs) retries.push(job);
    else for (const { reject } of job.callers) answers.push(() => reject(error));
  };
  const run = async (trx: Transaction<DB>, job: Job<DB>): Promise<void> => {
    const { callers, context } = job;
    await trx.executeQuery(savepoint);
    job.isOpen = false;
    try {
      const inputs = callers.map(({ input }) => input as never);
      const results = await job.runAll(trx, inputs, context as never);
      // fails if the job swallowed an error that ended the transaction
      await trx.executeQuery(releaseSavepoint);
      for (const [place, { resolve }] of callers.entries()) answers.push(() => resolve(results[place] as never));
    } catch (error) {
      await undo(trx, error);
      if (callers.length === 1 || isTransient(error) || isUnavailable(error)) fail(job, error);
      else for (const caller of callers) await run(trx, { ...job, callers: [caller] });
    }
  };
  try {
    await db.transaction().execute(async (trx) => {
      if (isPostgres(trx)) await trx.executeQuery(oneWriter);
      for (const job of group) await run(trx, job);
    });
  } catch (error) {
    retries.length = 0;
    answers.length = 0;
    for (const job of group) fail(job, error);
  }
  for (const answer of answers) answer();
  return retries;
}

/** @throws `reason` if that error ended the whole transaction (a full disk, a lost connection). */
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
