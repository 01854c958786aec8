import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StartError } from '@doorstep/kit/errors.ts';
import { findFaketime } from './clock.ts';
import { readArguments, type SoakOptions } from './read-arguments.ts';
import { type SoakResult, soak } from './soak.ts';
import { toJson, toTable } from './summary.ts';

/** Runs the three services under continuous faults, and proves that every customer got exactly one package. */

const options = readOptions();
const ended = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => ended.abort());
// after resets of sockets, Node's own clean-up may loop forever
process.exit(await run(options));

function readOptions(): SoakOptions {
  try {
    return readArguments(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
}

async function run({ minutes, kinds, inventory, seed, json, keep }: SoakOptions): Promise<number> {
  const say = (line: string) => void (json ? process.stderr : process.stdout).write(`${line}\n`);
  const folder = mkdtempSync(join(tmpdir(), 'doorstep-soak-'));
  chmodSync(folder, 0o711); // PostgreSQL, when started by root, runs as another user and has to enter it
  const faketime = findFaketime(folder);
  let isBroken = false;
  const slow = inventory === 'slow' ? ', with a slow Inventory that does not refuse doubles' : '';
  say(`soak of ${minutes} min on ${kinds.join(' and ')}${slow}, seed ${seed}, in ${folder}`);
  const runs = await Promise.allSettled(
    kinds.map((kind) => {
      const onViolation = (violation: string) => {
        isBroken = true;
        say(`${kind}, VIOLATION: ${violation}`);
      };
      return soak({ kind, inventory, minutes, seed, folder, keep, faketime, say, onViolation, ended: ended.signal });
    }),
  );
  for (const { reason } of runs.filter((run) => run.status === 'rejected')) say(String(reason?.stack ?? reason));
  const results = runs.flatMap((run) => (run.status === 'fulfilled' && run.value ? [run.value] : []));
  const isProven = results.length === kinds.length && results.every((result) => result.isProven);
  const isKept = keep || isBroken || (!isProven && !ended.signal.aborted);
  show(results, { json, isProven, seed, minutes, folder: isKept ? folder : undefined });
  if (ended.signal.aborted) say(`Stopped early: ${isBroken ? 'a promise is broken' : 'nothing is proven'}.`);
  if (isKept) say(`Logs and databases are in ${folder}`);
  else rmSync(folder, { recursive: true, force: true });
  if (!isProven && !ended.signal.aborted)
    say(`NOT PROVEN. To repeat: npm run soak -- ${repeatArguments({ minutes, kinds, inventory, seed })}`);
  return isProven ? 0 : 1;
}

type Repeated = Pick<SoakOptions, 'minutes' | 'kinds' | 'inventory' | 'seed'>;

function repeatArguments({ minutes, kinds, inventory, seed }: Repeated): string {
  const database = kinds.length === 1 ? ` --database ${kinds[0]}` : '';
  const slow = inventory === 'slow' ? ' --inventory slow' : '';
  return `--minutes ${minutes}${database}${slow} --seed ${seed}`;
}

type Shown = { json: boolean; isProven: boolean; seed: string; minutes: number; folder: string | undefined };

function show(results: SoakResult[], { json, ...rest }: Shown) {
  const text = json ? JSON.stringify(toJson(results, rest)) : results.map(toTable).join('\n');
  process.stdout.write(`${text}\n`);
}
