import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const program = join(import.meta.dirname, '../../scripts/check.ts');

it('npm run check says nothing when every check passes', async () => {
  expect(await runChecks({})).toEqual({ stdout: '', stderr: '' });
});

it('npm run check prints what failed, names it and exits with 1', async () => {
  const run = runChecks({ tsc: 'echo 2 errors; exit 2', knip: 'echo 1 unused file; exit 3' });
  const { code, stdout } = await run.catch((error) => error);
  expect(code).toBe(1);
  expect(stdout.split('\n\n').sort()).toEqual([
    '',
    '1 unused file\ncheck:knip failed with exit code 3',
    '2 errors\ncheck:tsc failed with exit code 2',
  ]);
});

/** Runs the checks with commands that do nothing, except for the given ones. */
async function runChecks(given: Record<string, string>) {
  const folder = await mkdtemp(join(tmpdir(), 'doorstep-'));
  try {
    const commands = { biome: '', tsc: '', knip: '', depcruise: '', ...given };
    for (const [name, line] of Object.entries(commands)) {
      await writeFile(join(folder, name), `#!/bin/sh\n${line}\n`, { mode: 0o755 });
    }
    return await promisify(execFile)(process.execPath, [program], { env: { PATH: folder } });
  } finally {
    await rm(folder, { recursive: true });
  }
}
