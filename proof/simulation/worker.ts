import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { type PlantedFault, plantedFaults } from './planted-faults.ts';
import type { Outcome } from './simulate.ts';

export type Task = { seed: number; faults?: number[] | undefined; traces?: boolean };
export type Done = { task: Task; outcome: Outcome; trace: string[]; faultsInPlan: number };

/** Loads a changed copy in place of the file. The file itself stays unchanged. */
function plant({ name, file, find, replace }: PlantedFault) {
  const path = join(import.meta.dirname, '../..', file);
  const source = readFileSync(path, 'utf8');
  if (source.split(find).length !== 2)
    throw new Error(`"${name}" cannot be planted: ${file} does not contain its line exactly once`);
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      return url === pathToFileURL(path).href ? { ...loaded, source: source.replace(find, () => replace) } : loaded;
    },
  });
}

/** The main thread reads it if this thread hangs. */
const runningSeed = new Float64Array(workerData.runningSeed);
const planted = plantedFaults.find(({ name }) => name === workerData.planted);
if (planted) plant(planted);
const { makePlan } = await import('./plan.ts');
const simulation = await import('./simulate.ts');
const { createDisk } = await import('./storage.ts');
const { replaceTimers } = await import('./virtual-time.ts');
const disk = await createDisk();
// deeper stack traces are never read and cost more than the rest of an error
Error.stackTraceLimit = 3;
replaceTimers();
// an unhandled rejection is a bug that the current run has found
process.on('unhandledRejection', (error) => simulation.reportUncaught(error));

parentPort?.on('message', async (tasks: Task[]) => {
  const done: Done[] = [];
  for (const task of tasks) {
    runningSeed[0] = task.seed;
    const plan = makePlan(task.seed);
    const faults = plan.faults.filter((_, index) => task.faults?.includes(index) ?? true);
    const trace: string[] = [];
    const outcome = await simulation.simulate(
      { ...plan, faults },
      { disk, ...(task.traces && { trace: (line: string) => void trace.push(line) }) },
    );
    done.push({ task, outcome, trace, faultsInPlan: plan.faults.length });
    if (outcome.violation !== undefined) break;
  }
  parentPort?.postMessage(done);
});
