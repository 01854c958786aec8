import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const vitest = join(root, 'node_modules/vitest/vitest.mjs');
const config = join(root, 'scripts/vitest.config.ts');

/** Tests wait more than they work, so the checks run beside them. What the checks say is shown after the tests. */
const checks = spawn('npm run -s check', { cwd: root, shell: true, stdio: ['ignore', 'pipe', 'pipe'] });
const said: Buffer[] = [];
for (const stream of [checks.stdout, checks.stderr]) stream.on('data', (bytes) => said.push(bytes));
const tests = spawn(process.execPath, [vitest, 'run', '--config', config, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});

const [checksCode, testsCode] = await Promise.all([checks, tests].map(endOf));
process.stdout.write(Buffer.concat(said));
if (checksCode !== 0) process.stdout.write('The checks failed; their complaints are above.\n');
process.exitCode = checksCode === 0 && testsCode === 0 ? 0 : 1;

async function endOf(child: ChildProcess): Promise<number | null> {
  const [code] = await once(child, 'close');
  return code;
}
