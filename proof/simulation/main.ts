import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { describeFault } from './describe-fault.ts';
import { makePlan } from './plan.ts';
import { type PlantedFault, plantedFaults } from './planted-faults.ts';
import { runTasks, shrink } from './run.ts';
import type { Done } from './worker.ts';

const usage = `npm run simulate -- [--seeds N] [--seed S] [--faults 0,3] [--trace] [--plant NAME | --planted] [--zone Europe/Berlin]
  --seeds N     number of seeds to run; default 1000, or 1 with --seed
  --seed S      first seed; default 1
  --faults …    inject only these faults of the plan, by the numbers that a failing run prints; "none" for no fault
  --trace       print every event
  --plant NAME  plant one known fault in a copy of the core
  --zone ZONE   time zone of the daemon's machine; default: one of five, by the first seed;
                Europe/Berlin for planted faults
  --planted     plant every known fault in a copy of the core, and check that the simulation finds each
`;

/** A long run prints its progress after this many seeds. */
const progressEvery = 10_000;

const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata'];

const print = (text: string) => void process.stdout.write(`${text}\n`);
const count = (number: number) => number.toLocaleString('en');

function readArguments() {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string' },
      seed: { type: 'string' },
      faults: { type: 'string' },
      trace: { type: 'boolean', default: false },
      plant: { type: 'string' },
      planted: { type: 'boolean', default: false },
      zone: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const integer = (name: string, text: string, min: number) => {
    if (/^\d{1,10}$/.test(text) && Number(text) >= min) return Number(text);
    throw new Error(`--${name} is "${text}"; it takes a whole number from ${min} on`);
  };
  const first = integer('seed', values.seed ?? '1', 0);
  const seeds = integer('seeds', values.seeds ?? (values.seed === undefined ? '1000' : '1'), 1);
  const chosen = values.faults === 'none' ? [] : values.faults?.split(',');
  const faults = chosen?.map((text) => integer('faults', text, 0));
  const names = plantedFaults.map(({ name }) => name);
  if (values.plant !== undefined && !names.includes(values.plant)) {
    throw new Error(`--plant is "${values.plant}"; it takes one of: ${names.join(', ')}`);
  }
  // a fault that is planted may need a zone in which clocks change
  const drawn = values.planted || values.plant !== undefined ? 'Europe/Berlin' : zones[first % zones.length];
  const zone = values.zone ?? (drawn as string);
  return { ...values, first, seeds, faults, zone };
}

type Arguments = ReturnType<typeof readArguments>;

function tasksOf({ first, seeds, faults, trace: traces }: Arguments) {
  return Array.from({ length: seeds }, (_, index) => ({ seed: first + index, faults, traces }));
}

function createTally() {
  const startMs = performance.now();
  const faults = new Map<string, number>();
  const sum = { seeds: 0, customers: 0, packages: 0, virtualMs: 0 };
  return {
    seeds: () => sum.seeds,
    add({ outcome }: Done) {
      sum.seeds += 1;
      sum.customers += outcome.customers;
      sum.packages += outcome.packages;
      sum.virtualMs += outcome.virtualMs;
      for (const [kind, times] of Object.entries(outcome.faults)) faults.set(kind, (faults.get(kind) ?? 0) + times);
    },
    print() {
      const seconds = (performance.now() - startMs) / 1000;
      const hours = sum.virtualMs / 3_600_000;
      const speed = `${count(Math.round(hours))} hours in ${seconds.toFixed(1)} s (${count(Math.round(hours / seconds))} a second)`;
      print(`${count(sum.seeds)} seeds: ${count(sum.customers)} customers, ${count(sum.packages)} packages, ${speed}`);
      const kinds = [...faults].sort((a, b) => b[1] - a[1]).map(([kind, times]) => `${kind} ${count(times)}`);
      print(`faults: ${kinds.join(', ') || 'none'}`);
    },
  };
}

async function findFault(given: Arguments): Promise<boolean> {
  const tally = createTally();
  const broken = await runTasks(tasksOf(given), {
    threads: given.trace ? 1 : availableParallelism(),
    planted: given.plant,
    onDone(done) {
      tally.add(done);
      if (!given.trace && tally.seeds() % progressEvery === 0)
        print(`${count(tally.seeds())} of ${count(given.seeds)} seeds`);
      for (const line of done.trace) print(line);
    },
  });
  if (!given.trace) tally.print();
  if (!broken) return false;
  const { task, outcome } = await shrink(broken, given.plant);
  const { seed, faults = [] } = task;
  print(`\nseed ${seed} breaks a promise: ${outcome.violation}`);
  print(
    faults.length === 0
      ? 'It happens without any fault.'
      : `It needs ${faults.length} of ${broken.faultsInPlan} faults for it:`,
  );
  const plan = makePlan(seed);
  for (const index of faults) print(`  ${index}  ${describeFault(plan.faults[index])}`);
  const planted = given.plant === undefined ? '' : ` --plant '${given.plant}'`;
  print(
    `Again: npm run simulate -- --seed ${seed} --faults ${faults.join() || 'none'}${planted} --zone ${given.zone} --trace`,
  );
  return true;
}

/** Tries the seed that found the fault last time, and searches only when that seed does not find it any more. */
async function findPlanted({ name, knownSeed, seedsMax }: PlantedFault, given: Arguments): Promise<string | undefined> {
  const run = (first: number, seeds: number) =>
    runTasks(tasksOf({ ...given, first, seeds }), { threads: 1, planted: name, onDone: () => undefined });
  const broken = (await run(knownSeed, 1)) ?? (await run(given.first, seedsMax));
  if (!broken) return undefined;
  const { seed } = broken.task;
  const where = seed === knownSeed ? `at its seed ${seed}` : `at seed ${seed}, not at its seed ${knownSeed}`;
  return `found ${where}: ${name} (${broken.outcome.violation?.split('\n')[0]})`;
}

/** Looks for as many faults at once as there are cores. Gives whether a fault was overlooked. */
async function plantFaults(given: Arguments): Promise<boolean> {
  let overlooked = false;
  const waiting = [...plantedFaults];
  const work = async () => {
    for (let fault = waiting.shift(); fault; fault = waiting.shift()) {
      const found = await findPlanted(fault, given);
      overlooked ||= !found;
      print(found ?? `NOT FOUND in ${fault.seedsMax} seeds: ${fault.name}`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return overlooked;
}

function readOrRefuse(): Arguments {
  try {
    return readArguments();
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${usage}`);
    process.exit(2);
  }
}

const given = readOrRefuse();
// before the threads start, which share it
process.env['TZ'] = given.zone;
if (given.help) print(usage);
else process.exitCode = (await (given.planted ? plantFaults(given) : findFault(given))) ? 1 : 0;
