import { systemClock } from '@doorstep/kit/clock.ts';
import { runCommandLine } from '../src/cli/command-line.ts';

/** An import that is killed once so many lines have gone through the database, all of them in one transaction. */
export type ImportToKill = { afterLines: number };

const { afterLines }: ImportToKill = JSON.parse(process.env['IMPORT_TO_KILL'] ?? '');

// draws the bar at every step, as if each one were slow
let nowMs = 0;
systemClock.monotonicMs = () => {
  nowMs += 1_000;
  return nowMs;
};
const terminal = {
  isTTY: true,
  write(text: string) {
    process.stderr.write(text);
    if (text.includes(` ${afterLines}/`) && text.includes('items imported')) process.kill(process.pid, 'SIGKILL');
  },
};
const { stdin, stdout } = process;
process.exitCode = await runCommandLine(process.argv.slice(2), process.env, { stdin, stdout, stderr: terminal });
