import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: join(import.meta.dirname, '..'),
  test: {
    include: ['{kit,crm,inventory,middleware}/{src,test}/**/*.test.ts'],
    globalSetup: ['kit/test/postgres-server.ts', 'kit/test/compile-cache.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // they wait more than they work; on two cores the default is one at a time
    maxWorkers: 3,
    // no test's outcome may depend on another's
    sequence: { shuffle: true },
  },
});
