import { groups } from './groups.ts';
import type { Line, Missing } from './line.ts';
import { describeMachine } from './machine.ts';
import { installPeers } from './peers.ts';
import { formatTable } from './table.ts';
import { readWords, type Words } from './words.ts';
import { openWorkplace } from './workplace.ts';

const usage = 'npm run bench -- [--json] [--peers] [--database sqlite|postgres] [--only NAME] [--rounds N]';

async function run({ json, peers, only, kinds, rounds }: Words): Promise<void> {
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
      // the others are worth something all the same
      lines.push({ name, than: 'not measured', missing: (error as Error).message });
      process.exitCode = 1;
    }
  }
  process.stdout.write(json ? `${JSON.stringify({ machine, lines }, undefined, 2)}\n` : formatTable(lines, machine));
}

let words: Words;
try {
  words = readWords(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n${usage}\n`);
  process.exit(2);
}
await run(words);
