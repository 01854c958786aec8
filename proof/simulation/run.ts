import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Done, Task } from './worker.ts';

/** Seeds in one message to a worker. */
const tasksMax = 20;

type Options = {
  threads: number;
  /** The name of a fault to plant. */
  planted?: string | undefined;
  onDone: (done: Done) => void;
};

/**
 * Runs tasks until none is left or one has broken a promise. Returns the first such task in the given order; later
 * tasks may or may not have run.
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

/** A seed takes well under a second; a machine that is busy with other work may make it wait for minutes. */
const patienceMs = 300_000;

function startWorker(planted: string | undefined) {
  const runningSeed = new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT);
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: { planted, runningSeed } });
  return {
    /** @throws the worker's error, or an Error that names a seed that does not end. */
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
        throw new Error(`seed ${running()} does not end: npm run simulate -- --seed ${running()} --trace`);
      } finally {
        clearInterval(timer);
      }
    },
    [Symbol.asyncDispose]: async () => void (await worker.terminate()),
  };
}

/** Removes faults one by one as long as a promise stays broken. Returns the run with the faults that it needs. */
export async function shrink({ task, faultsInPlan }: Done, planted: string | undefined): Promise<Done> {
  await using worker = startWorker(planted);
  const run = async (faults: number[]) => {
    const [done] = await worker.run([{ ...task, faults }]);
    return done?.outcome.violation === undefined ? undefined : done;
  };
  let needed = task.faults ?? Array.from({ length: faultsInPlan }, (_, index) => index);
  let least = await run(needed);
  if (!least) throw new Error(`seed ${task.seed} broke a promise, but not when it was repeated`);
  for (let index = 0; index < needed.length; ) {
    const fewer = needed.toSpliced(index, 1);
    const still = await run(fewer);
    if (still) {
      least = still;
      needed = fewer;
      // an earlier fault may have become unnecessary without this one
      index = 0;
    } else index += 1;
  }
  return least;
}
