import { globSync, readFileSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const root = join(import.meta.dirname, '..');

/**
 * Test databases are in memory if there is enough space. They are temporary, so they need no disk, and files in
 * /dev/shm survive a killed process.
 */
const memory = '/dev/shm';
const roomMinBytes = 2 * 1024 ** 3;
if (roomIn(memory) >= roomMinBytes) process.env['TMPDIR'] = memory;

function roomIn(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return 0; // not on this system
  }
}

const include = [
  '{kit,crm,inventory,middleware}/{src,test}/**/*.test.ts',
  'proof/{attack,house,end-to-end,simulation,soak,bench,browser}/**/*.test.ts',
];
/** nock patches the whole process permanently. */
const withNock = globSync(include, { cwd: root }).filter((file) =>
  /from 'nock'/.test(readFileSync(join(root, file), 'utf8')),
);

const hangMs = 30 * 60_000;

export default defineConfig({
  test: {
    globalSetup: ['kit/test/postgres-server.ts', 'kit/test/pack-packages.ts', 'kit/test/quick-start.ts'],
    // tests mostly wait, and on two cores vitest's default is one worker
    maxWorkers: 4,
    projects: [
      // loading the program again for each file takes longer than many files
      { extends: true, test: { name: 'tests', include, exclude: withNock, isolate: false } },
      { extends: true, test: { name: 'tests with nock', include: withNock, isolate: false } },
    ],
    // a last resort: each wait has its own limit (kit/test/patience.ts), and its error names the missing event
    testTimeout: hangMs,
    hookTimeout: hangMs,
    // no test may depend on another one
    sequence: { shuffle: true },
  },
  root,
});
