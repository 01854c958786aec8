import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const root = join(import.meta.dirname, '..');
const include = ['{kit,crm,inventory,middleware}/{src,test}/**/*.test.ts'];
/** nock changes the whole process, for good. */
const withNock = globSync(include, { cwd: root }).filter((file) =>
  /from 'nock'/.test(readFileSync(join(root, file), 'utf8')),
);

export default defineConfig({
  test: {
    globalSetup: ['kit/test/postgres-server.ts', 'kit/test/compile-cache.ts'],
    // they wait more than they work; on two cores the default is one at a time
    maxWorkers: 3,
    projects: [
      // to read the program anew for each file takes longer than many a file
      { extends: true, test: { name: 'tests', include, exclude: withNock, isolate: false } },
      { extends: true, test: { name: 'tests with nock', include: withNock } },
    ],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // no test's outcome may depend on another's
    sequence: { shuffle: true },
  },
  root,
});
