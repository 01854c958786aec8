import { chmod, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadSecretKey } from '../src/auth/secret-key.ts';
import { StartError } from '../src/errors.ts';
import { asAnotherUser } from './as-another-user.ts';
import { freshDatabase } from './databases.ts';
import { startOtherProcess } from './other-process.ts';

/** A temporary folder, deleted on disposal. */
async function freshFolder(): Promise<AsyncDisposable & { path: string }> {
  const { dataDir, ...fresh } = await freshDatabase('sqlite');
  return { path: dataDir, [Symbol.asyncDispose]: fresh[Symbol.asyncDispose] };
}

describe('the key for tokens', () => {
  it('is the configured key, which is not stored', async () => {
    await using folder = await freshFolder();
    expect(loadSecretKey('k'.repeat(32), folder.path)).toBe('k'.repeat(32));
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('is created once, readable only by its owner, and its folder is created if missing', async () => {
    await using folder = await freshFolder();
    const dataDir = join(folder.path, 'new', 'data');
    const key = loadSecretKey(undefined, dataDir);
    expect(Buffer.byteLength(key)).toBeGreaterThanOrEqual(32);
    expect(loadSecretKey(undefined, dataDir)).toBe(key);
    expect(await readdir(dataDir)).toEqual(['jwt-secret-key']);
    expect((await stat(join(dataDir, 'jwt-secret-key'))).mode & 0o777).toBe(0o600);
  });

  it('differs between folders', async () => {
    await using one = await freshFolder();
    await using two = await freshFolder();
    expect(loadSecretKey(undefined, one.path)).not.toBe(loadSecretKey(undefined, two.path));
  });

  it('is the same for processes that start at once', async () => {
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

  it('stops the start in one sentence if it cannot be stored', async () => {
    await using folder = await freshFolder();
    const occupied = join(folder.path, 'a-file');
    await writeFile(occupied, '');
    expect(() => loadSecretKey(undefined, occupied)).toThrow(StartError);
    expect(() => loadSecretKey(undefined, occupied)).toThrow(/^The key for tokens cannot be stored in [^\n]+\.$/);
  });

  it('stops the start if it belongs to another user, unless the folder is shared with a group', async () => {
    await using folder = await freshFolder();
    loadSecretKey(undefined, folder.path);
    using _user = asAnotherUser(join(folder.path, 'jwt-secret-key'));
    expect(() => loadSecretKey(undefined, folder.path)).toThrow(StartError);
    expect(() => loadSecretKey(undefined, folder.path)).toThrow(
      /^The key for tokens in \S+ belongs to another user of this machine \(id \d+\), who could sign tokens/,
    );
    await chmod(folder.path, 0o2770);
    expect(loadSecretKey(undefined, folder.path)).toMatch(/^[\w-]{43}$/);
  });

  it('stops the start if the stored key is too short', async () => {
    await using folder = await freshFolder();
    await writeFile(join(folder.path, 'jwt-secret-key'), '');
    expect(() => loadSecretKey(undefined, folder.path)).toThrow(StartError);
    await writeFile(join(folder.path, 'jwt-secret-key'), 'hunter2');
    expect(() => loadSecretKey(undefined, folder.path)).toThrow(StartError);
    expect(() => loadSecretKey(undefined, folder.path)).not.toThrow('hunter2');
  });
});
