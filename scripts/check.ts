import { exec } from 'node:child_process';
import { promisify } from 'node:util';
import packageJson from '../package.json' with { type: 'json' };

/** Runs every `check:` script of package.json side by side and prints the output of those that fail. */

const checks = Object.entries(packageJson.scripts).filter(([name]) => name.startsWith('check:'));
const outputBytesMax = 64 * 1024 * 1024;

const results = await Promise.all(checks.map(passes));
process.exitCode = results.every(Boolean) ? 0 : 1;

async function passes([name, command]: [string, string]): Promise<boolean> {
  try {
    await promisify(exec)(command, { maxBuffer: outputBytesMax });
    return true;
  } catch (error) {
    const { code, stdout, stderr } = error as { code: unknown; stdout: string; stderr: string };
    process.stdout.write(`${stdout}${stderr}${name} failed with exit code ${code}\n\n`);
    return false;
  }
}
