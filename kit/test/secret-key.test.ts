import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadSecretKey } from '../src/auth/secret-key.ts';
import { StartError } from '../src/errors.ts';
import { freshDatabase } from './databases.ts';
import { startOtherProcess } from './other-process.ts';

/** A folder of its own, gone afterwards. */
async function freshFolder(): Promise<AsyncDisposable & { path: string }> {
  const { dataDir, ...fresh } = await freshDatabase('sqlite');
  return { path: dataDir, [Symbol.asyncDispose]: fresh[Symbol.asyncDispose] };
}

describe('the key for tokens', () => {
  it('is the configured one, and then none is kept', async () => {
    await using folder = await freshFolder();
    expect(loadSecretKey('k'.repeat(32), folder.path)).toBe('k'.repeat(32));
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('is made once, in a folder that may be missing, for its owner alone', async () => {
    await using folder = await freshFolder();
    const dataDir = join(folder.path, 'new', 'data');
    const key = loadSecretKey(undefined, dataDir);
    expect(Buffer.byteLength(key)).toBeGreaterThanOrEqual(32);
    expect(loadSecretKey(undefined, dataDir)).toBe(key);
    expect(await readdir(dataDir)).toEqual(['jwt-secret-key']);
    expect((await stat(join(dataDir, 'jwt-secret-key'))).mode & 0o777).toBe(0o600);
  });

  it('is another one in another folder', async () => {
    await using one = await freshFolder();
    await using two = await freshFolder();
    expect(loadSecretKey(undefined, one.path)).not.toBe(loadSecretKey(undefined, two.path));
  });

  it('is the same for processes that start together', async () => {
    await using folder = await freshFolder();
    await using processes = new AsyncDisposableStack();
    const started = await Promise.all(Array.from({ length: 3 }, startOtherProcess));
    for (const process of started) processes.use(process);
    for (let round = 0; round < 5; round += 1) {
      const dataDir = join(folder.path, String(round));
      const keys = await Promise.all(started.map((process) => process.run({ name: 'load-key', dataDir })));
      expect(new Set(keys)).toEqual(new Set([loadSecretKey(undefined, dataDir)]));
      expect(await readdir(dataDir)).toEqual(['jwt-secret-key']);
    }
  });

  it('is refused in one sentence where it cannot be kept', async () => {
    await using folder = await freshFolder();
    const occupied = join(folder.path, 'a-file');
    await writeFile(occupied, '');
    expect(() => loadSecretKey(undefined, occupied)).toThrow(StartError);
    expect(() => loadSecretKey(undefined, occupied)).toThrow(/^The key for tokens cannot be stored in [^\n]+\.$/);
  });

  it('is refused where the one that is kept is too short to be one', async () => {
    await using folder = await freshFolder();
    await writeFile(join(folder.path, 'jwt-secret-key'), '');
    expect(() => loadSecretKey(undefined, folder.path)).toThrow(StartError);
    await writeFile(join(folder.path, 'jwt-secret-key'), 'hunter2');
    expect(() => loadSecretKey(undefined, folder.path)).toThrow(StartError);
    expect(() => loadSecretKey(undefined, folder.path)).not.toThrow('hunter2');
  });
});
