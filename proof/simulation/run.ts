import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Done, Task } from './worker.ts';

/** So many seeds go to a worker at once. */
const tasksMax = 20;

type Options = {
  /** How many threads to use. */
  threads: number;
  /** The name of a fault to plant. */
  planted?: string | undefined;
  onDone: (done: Done) => void;
};

/**
 * Runs tasks, in the threads that there are, until none is left or one has broken a promise. Gives the first of them, in
 * the order of the tasks; what comes after it may have been run or not.
 */
export async function runTasks(tasks: Task[], { threads, planted, onDone }: Options): Promise<Done | undefined> {
  const waiting = [...tasks];
  const order = new Map(tasks.map((task, index) => [task.seed, index]));
  const broken: Done[] = [];
  const work = async () => {
    await using worker = startWorker(planted);
    while (waiting.length > 0 && broken.length === 0) {
      for (const done of await worker.run(waiting.splice(0, tasksMax))) {
        onDone(done);
        if (done.outcome.violation !== undefined) broken.push(done);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(threads, tasks.length) }, work));
  const place = ({ task }: Done) => order.get(task.seed) ?? 0;
  return broken.sort((a, b) => place(a) - place(b))[0];
}

/** A seed is looked at so often: none takes a tenth of it. */
const patienceMs = 30_000;

function startWorker(planted: string | undefined) {
  const runningSeed = new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT);
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: { planted, runningSeed } });
  return {
    /** @throws what the worker has thrown, or that a seed does not come to its end. */
    async run(tasks: Task[]): Promise<Done[]> {
      const patience = new AbortController();
      const running = () => new Float64Array(runningSeed)[0];
      let before: number | undefined;
      const timer = setInterval(() => {
        if (running() === before) patience.abort();
        before = running();
      }, patienceMs);
      try {
        worker.postMessage(tasks);
        const [done] = await once(worker, 'message', { signal: patience.signal });
        return done;
      } catch (error) {
        if (!patience.signal.aborted) throw error;
        throw new Error(`seed ${running()} does not come to its end: npm run simulate -- --seed ${running()} --trace`);
      } finally {
        clearInterval(timer);
      }
    },
    [Symbol.asyncDispose]: async () => void (await worker.terminate()),
  };
}

/** Leaves out faults, one after the other, as long as a promise is still broken. Gives the run with those that are needed. */
export async function shrink({ task, faultsInPlan }: Done, planted: string | undefined): Promise<Done> {
  await using worker = startWorker(planted);
  const run = async (faults: number[]) => {
    const [done] = await worker.run([{ ...task, faults }]);
    return done?.outcome.violation === undefined ? undefined : done;
  };
  let needed = task.faults ?? Array.from({ length: faultsInPlan }, (_, index) => index);
  let least = await run(needed);
  if (!least) throw new Error(`seed ${task.seed} broke a promise, and does not do it again`);
  for (let index = 0; index < needed.length; ) {
    const fewer = needed.toSpliced(index, 1);
    const still = await run(fewer);
    if (still) {
      least = still;
      needed = fewer;
      // what was needed beside the one that is gone may be needed no longer
      index = 0;
    } else index += 1;
  }
  return least;
}
