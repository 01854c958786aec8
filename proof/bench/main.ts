import { groups } from './groups.ts';
import type { Line, Missing } from './line.ts';
import { describeMachine } from './machine.ts';
import { installPeers } from './peers.ts';
import { type BenchOptions, readArguments } from './read-arguments.ts';
import { formatTable } from './table.ts';
import { openWorkplace } from './workplace.ts';

const usage = `npm run bench -- [--json] [--peers] [--database sqlite|postgres] [--only NAME] [--rounds N]
  --json      print JSON instead of a table
  --peers     install the peers to compare with first, outside this repository
  --database  measure on this database; default both
  --only      measure one group of lines: ${Object.keys(groups).join(', ')}
  --rounds    measure this often in turns; default 3`;

async function run({ json, peers, only, kinds, rounds }: BenchOptions): Promise<void> {
  if (peers) await installPeers();
  await using workplace = await openWorkplace();
  let isStopping = false;
  const stop = async () => {
    isStopping = true;
    await workplace[Symbol.asyncDispose]();
    process.exit(130);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, stop);
  const machine = describeMachine(workplace.folder);
  const lines: (Line | Missing)[] = [];
  for (const [name, measure] of Object.entries(groups)) {
    if (only !== undefined && name !== only) continue;
    process.stderr.write(`${name} …\n`);
    try {
      lines.push(...(await measure({ workplace, kinds, rounds })));
    } catch (error) {
      if (isStopping) return;
      // the other groups are still valid
      lines.push({ name, than: 'not measured', missing: (error as Error).message });
      process.exitCode = 1;
    }
  }
  process.stdout.write(json ? `${JSON.stringify({ machine, lines }, undefined, 2)}\n` : formatTable(lines, machine));
}

let options: BenchOptions;
try {
  options = readArguments(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n${usage}\n`);
  process.exit(2);
}
await run(options);
