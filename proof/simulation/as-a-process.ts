import { execFile } from 'node:child_process';
import { join } from 'node:path';

const main = join(import.meta.dirname, 'main.ts');

/** Runs the simulation in its own process, because it replaces the clock and the timers of its threads. */
export function simulate(...words: string[]): Promise<{ code: number; output: string }> {
  const options = { maxBuffer: 1 << 30 };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [main, ...words], options, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, output: stdout + stderr }),
    );
  });
}
