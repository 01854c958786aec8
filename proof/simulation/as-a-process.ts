import { execFile } from 'node:child_process';
import { join } from 'node:path';

const main = join(import.meta.dirname, 'main.ts');

/** Runs the simulation as a process of its own: it takes the clock and the timers of its threads for itself. */
export function simulate(...words: string[]): Promise<{ code: number; output: string }> {
  const options = { maxBuffer: 1 << 30 };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [main, ...words], options, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, output: stdout + stderr }),
    );
  });
}
