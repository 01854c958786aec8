import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

/** Stands in for npx: notes how it was called, and leaves what pnpm leaves. */
const npx = `#!/usr/bin/env node
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
appendFileSync('calls', process.argv.slice(2).join(' ') + '\\n');
mkdirSync('node_modules/.bin', { recursive: true });
if (process.env.FAULT === 'refuses') {
  process.stdout.write('[WARN] first\\n');
  process.stderr.write('[ERROR] then\\n');
  process.exit(3);
}
if (process.env.FAULT === 'hangs') setInterval(() => undefined, 1000);
else {
  writeFileSync('node_modules/.bin/node', '');
  const devDependencies = !process.argv.includes('--prod');
  writeFileSync('node_modules/.modules.yaml', JSON.stringify({ included: { devDependencies } }, undefined, 2));
}
`;

async function aClone() {
  const folder = await mkdtemp(join(tmpdir(), 'doorstep-install-'));
  const inside = (path: string) => join(folder, path);
  await Promise.all(['scripts', 'bin'].map((name) => mkdir(inside(name))));
  for (const file of ['scripts/install.mjs', 'package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml']) {
    await copyFile(join(root, file), inside(file));
  }
  await writeFile(inside('bin/npx'), npx, { mode: 0o755 });
  const options = (FAULT = '') => ({ env: { PATH: `${inside('bin')}:${process.env['PATH']}`, FAULT } });
  const words = (what: string[]) => [inside('scripts/install.mjs'), ...what];
  return {
    inside,
    /** Gives what it writes and its exit code. */
    install: (what: string[] = [], fault?: string) =>
      promisify(execFile)(process.execPath, words(what), options(fault)).then(
        ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
        ({ code, stdout, stderr }) => ({ code: Number(code), stdout: String(stdout), stderr: String(stderr) }),
      ),
    begin: (fault: string) => spawn(process.execPath, words([]), { ...options(fault), stdio: 'ignore' }),
    /** What npx was called for. */
    calls: async () => (await readFile(inside('calls'), 'utf8').catch(() => '')).split('\n').slice(0, -1),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

describe('the installer', () => {
  it('installs what running needs in one line, and is silent from then on', async () => {
    await using clone = await aClone();
    const { code, stdout, stderr } = await clone.install();
    expect([code, stdout]).toEqual([0, '']); // a command's own output may follow
    expect(stderr).toMatch(/^Installing, first start only \(.+\) … done in \d+ s\.\n$/);
    expect(stderr.length).toBeLessThanOrEqual(80);
    expect(await clone.install()).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await clone.calls()).toEqual([expect.stringMatching(/^--yes pnpm@\S+ install --frozen-lockfile .*--prod/)]);
  });

  it('adds what the tests need, which a start then keeps', async () => {
    await using clone = await aClone();
    await clone.install();
    await clone.install(['all']);
    await clone.install();
    await clone.install(['all']);
    const calls = await clone.calls();
    expect(calls.map((call) => call.includes('--prod'))).toEqual([true, false]);
  });

  it('installs a changed lockfile, and keeps what the tests need', async () => {
    await using clone = await aClone();
    await clone.install(['all']);
    await appendFile(clone.inside('pnpm-lock.yaml'), '\n');
    expect((await clone.install()).stderr).toContain('Installing what has changed');
    expect((await clone.calls()).map((call) => call.includes('--prod'))).toEqual([false, false]);
  });

  it('asks the registry about a lockfile where it may have been changed, not where it is only used', async () => {
    await using clone = await aClone();
    await clone.install();
    await clone.install(['all']);
    expect((await clone.calls()).map((call) => call.includes('--trust-lockfile'))).toEqual([true, false]);
  });

  it('shows all that was written where it fails, and tries again', async () => {
    await using clone = await aClone();
    const { code, stderr } = await clone.install([], 'refuses');
    expect(code).toBe(1);
    expect(stderr).toContain('… failed.\n\n[WARN] first\n[ERROR] then\n\nThe installation failed (exit code 3).');
    expect((await clone.install()).stderr).toContain('done in');
  });

  it('completes an installation that was killed', async () => {
    await using clone = await aClone();
    await clone.install();
    await appendFile(clone.inside('pnpm-lock.yaml'), '\n');
    const killed = clone.begin('hangs');
    await eventually(async () => (await clone.calls()).length === 2);
    killed.kill('SIGTERM');
    await once(killed, 'exit');
    expect((await clone.install()).stderr).toContain('done in');
    expect(await clone.calls()).toHaveLength(3);
  });

  it('says so where there is no Node for the machine', async () => {
    await using clone = await aClone();
    await clone.install();
    await rm(clone.inside('node_modules/.bin'), { recursive: true });
    const manifest = await readFile(clone.inside('package.json'), 'utf8');
    await writeFile(clone.inside('package.json'), manifest.replaceAll('"26.10.0"', '"99.0.0"'));
    const { code, stderr } = await clone.install();
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^The npm registry has no Node 99\.0\.0 for \S+ \S+; install that Node, and start again\.\n$/,
    );
  });
});
