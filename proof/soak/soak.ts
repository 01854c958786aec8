import { createReadStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { DatabaseKind } from '@doorstep/kit/test/databases.ts';
import { fillDisk, forbidWrites, injectPostgresFaults, injectServiceFaults, moveClocks } from './faults.ts';
import { createJournal, type Journal } from './journal.ts';
import { addAndDelete, type Memory } from './load.ts';
import { type Neighbourhood, startNeighbourhood } from './neighbourhood.ts';
import { operate, runMiddleware } from './operator.ts';
import { judge, type Verdict } from './oracle.ts';
import { type Random, seededRandom } from './random.ts';
import { serviceNames } from './service-process.ts';
import { settle } from './settle.ts';
import { canForbidWrites } from './small-disk.ts';

export type SoakResult = Verdict & {
  database: DatabaseKind;
  minutes: number;
  answered: number;
  inDoubt: number;
  deleted: number;
  kills: Record<string, number>;
  faults: Record<string, number>;
  operations: Record<string, number>;
  /** Faults that this machine cannot inject. */
  notCovered: string[];
  /** Dead letters that were replayed after the faults. */
  replayed: number;
  settledSeconds: number;
  isProven: boolean;
};

type Options = {
  kind: DatabaseKind;
  inventory: 'ours' | 'slow';
  minutes: number;
  seed: string;
  folder: string;
  /** Whether to keep the databases even if the run succeeds. */
  keep: boolean;
  faketime: string | undefined;
  say: (line: string) => void;
  /** Called with each violation as it is found. */
  onViolation: (violation: string) => void;
  ended: AbortSignal;
};

/** Returns undefined if the run was stopped early. */
export async function soak(options: Options): Promise<SoakResult | undefined> {
  const { kind, inventory, minutes, seed, keep, faketime, say, onViolation, ended } = options;
  const folder = join(options.folder, kind);
  mkdirSync(folder);
  const journal = createJournal(join(folder, 'faults.log'), onViolation);
  const random = seededRandom(`${seed}/${kind}`);
  const timer = new AbortController();
  const over = AbortSignal.any([timer.signal, ended]);
  let result: SoakResult | undefined;
  const keeps = () => keep || journal.violations.length > 0 || (!result?.isProven && !ended.aborted);
  const own = { ...options, folder, journal, random, over };
  try {
    await using services = await startNeighbourhood({
      kind,
      inventory,
      folder,
      faketime,
      random,
      journal,
      over,
      ended,
      keeps,
    });
    const memory: Memory = { known: new Map(), inDoubt: new Set() };
    say(`${kind}: ${coverage(own, services).join(', ')}`);
    const minute = reportEachMinute(own, services, memory);
    const timeout = setTimeout(() => timer.abort(), minutes * 60_000);
    try {
      await injectAllFaults(own, services, memory, timer);
    } finally {
      timer.abort();
      clearTimeout(timeout);
      clearInterval(minute);
    }
    if (!ended.aborted) result = await conclude(own, services, memory);
    return ended.aborted ? undefined : result;
  } finally {
    await journal.close();
  }
}

type Own = Options & { journal: Journal; random: Random; over: AbortSignal };

async function injectAllFaults(own: Own, neighbourhood: Neighbourhood, memory: Memory, timer: AbortController) {
  const { random, journal, over, folder, faketime } = own;
  const { services, postgres, disk, clocks, crmByProxy, jwtSecretKey, urls, directEnvironment } = neighbourhood;
  const means = { random, journal, over };
  const running = [
    addAndDelete({ crmUrl: crmByProxy, jwtSecretKey, ...means }, memory),
    operate({ middlewareUrl: urls.middleware, memory, environment: directEnvironment, folder, ...means }),
    ...serviceNames.map((name) => injectServiceFaults(services[name], means)),
    postgres && injectPostgresFaults(postgres, means),
    faketime && moveClocks([...clocks], means),
    disk && fillDisk(disk, means),
    !postgres && canForbidWrites() && forbidWrites(services.middleware, means),
  ];
  try {
    await Promise.all(running);
  } catch (error) {
    timer.abort();
    // the others end first, or they would restart services that are being stopped
    await Promise.allSettled(running);
    throw error;
  }
}

/** Ends the faults, lets the daemon finish its work, and judges the result. */
async function conclude(own: Own, neighbourhood: Neighbourhood, memory: Memory): Promise<SoakResult | undefined> {
  const { kind, minutes, journal, folder, say, ended } = own;
  const { services, read, urls, directEnvironment, endFaults } = neighbourhood;
  endFaults();
  journal.note('faults are over');
  const settled = await settle({ kind, crmUrl: urls.crm, middlewareUrl: urls.middleware, read, journal, say, ended });
  if (ended.aborted) return undefined;
  if (!settled.isSettled) journal.violation(`the daemon did not finish within ${settled.seconds} s after the faults`);
  const { code, out, err } = await runMiddleware(['reconcile', '--json'], directEnvironment, folder);
  if (ended.aborted) return undefined;
  if (code !== 0) journal.violation(`reconcile ended with exit code ${code}: ${out}${err}`);
  for (const name of ['middleware', 'crm', 'inventory'] as const) {
    const exitCode = await services[name].terminate();
    if (exitCode !== 0) journal.violation(`${name} ended with exit code ${exitCode} after SIGTERM`);
  }
  const verdict = await judge(read, memory);
  const found = [...verdict.violations, ...checkFaults(journal), ...(await checkLogs(folder))];
  for (const violation of found) journal.note(`VIOLATION ${violation}`);
  const violations = [...found, ...journal.violations];
  return {
    ...verdict,
    violations,
    database: kind,
    minutes,
    answered: memory.known.size,
    inDoubt: memory.inDoubt.size,
    deleted: [...memory.known.values()].filter(({ isDeleted }) => isDeleted === 'yes').length,
    kills: Object.fromEntries(journal.kills),
    faults: Object.fromEntries(journal.faults),
    operations: Object.fromEntries(journal.operations),
    notCovered: notCovered(own, neighbourhood),
    replayed: settled.replayed,
    settledSeconds: settled.seconds,
    isProven: violations.length === 0,
  };
}

/** A run without faults proves nothing. */
function checkFaults({ kills, faults }: Journal): string[] {
  return sum(kills) > 0 && sum(faults) > 0 ? [] : ['no process was killed, or no other fault was injected'];
}

/** A request that was answered with a bare 500 met a bug, even if its next attempt succeeded. */
async function checkLogs(folder: string): Promise<string[]> {
  const failed: string[] = [];
  for (const name of serviceNames) {
    // a log may be longer than the longest string
    for await (const line of createInterface(createReadStream(join(folder, `${name}.log`)))) {
      const [message] = /[^"]* failed, request [^"]*/.exec(line) ?? [];
      if (message !== undefined) failed.push(`${name}: ${message}`);
    }
  }
  return failed;
}

function coverage({ faketime }: Own, { disk, postgres }: Neighbourhood): string[] {
  return [
    'bad network, kill -9, SIGTERM and SIGSTOP for every process',
    disk ? 'a full disk under the ledger' : '',
    !postgres && canForbidWrites() ? 'failing writes of the daemon' : '',
    faketime ? 'moved clocks' : '',
  ].filter(Boolean);
}

function notCovered({ faketime }: Own, { disk, postgres }: Neighbourhood): string[] {
  const hasFullDisk = disk || (!postgres && canForbidWrites());
  return [
    hasFullDisk ? '' : 'a full disk, which needs root or, with SQLite, prlimit',
    faketime ? '' : 'moved clocks, which need libfaketime',
  ].filter(Boolean);
}

function reportEachMinute({ kind, journal, say }: Own, { read }: Neighbourhood, { known }: Memory): NodeJS.Timeout {
  let minute = 0;
  const report = async () => {
    minute += 1;
    const packages = await read<{ count: number }>('inventory', 'select count(*) as count from packages').then(
      ([row]) => row?.count,
      () => 'an unknown number of', // PostgreSQL is down
    );
    say(
      `${kind}, minute ${minute}: ${known.size} customers, ${packages} packages, ${sum(journal.kills)} kills, ${sum(journal.faults)} other faults`,
    );
  };
  return setInterval(report, 60_000);
}

const sum = (counts: Map<string, number>) => [...counts.values()].reduce((total, count) => total + count, 0);
