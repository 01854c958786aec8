import { chmodSync, mkdirSync, readdirSync, realpathSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadSecretKey } from '../src/auth/secret-key.ts';
import { openDatabase } from '../src/database/open.ts';
import { guardFiles } from '../src/process/guard-files.ts';
import { takeOwnerLock } from '../src/work/owner-lock.ts';
import { asAnotherUser } from './as-another-user.ts';
import { freshDatabase } from './databases.ts';

const modeOf = (path: string) => `0${(statSync(path).mode & 0o7777).toString(8)}`;

/** A folder with these files and modes, and a service that keeps its data there. */
async function aDataFolder(mode: number, files: Record<string, number> = {}) {
  const fresh = await freshDatabase('sqlite');
  const dataDir = join(realpathSync(fresh.dataDir), 'data');
  mkdirSync(dataDir);
  for (const [name, fileMode] of Object.entries(files)) {
    writeFileSync(join(dataDir, name), '');
    chmodSync(join(dataDir, name), fileMode);
  }
  chmodSync(dataDir, mode);
  const path = (name: string) => join(dataDir, name);
  return {
    dataDir,
    path,
    guard(databaseUrl = path('notes.db')) {
      const said: string[] = [];
      guardFiles('notes', { dataDir, databaseUrl }, { warn: ((line: string) => said.push(line)) as never });
      return said;
    },
    modes: () => Object.fromEntries(Object.keys(files).map((name) => [name, modeOf(path(name))])),
    [Symbol.asyncDispose]: fresh[Symbol.asyncDispose],
  };
}

const had = (...paths: string[]) =>
  `Other users of this machine had access to ${paths.join(', ')}; now they have none.`;

describe.skipIf(process.platform === 'win32')('what a service stores', () => {
  it('is for its user alone from the beginning', async () => {
    await using fresh = await freshDatabase('sqlite');
    const folder = join(fresh.dataDir, 'new', 'data');
    const url = join(folder, 'notes.db');
    const migrations = join(fresh.dataDir, 'migrations');
    mkdirSync(migrations);
    const lock = await takeOwnerLock(url, 'notes', { refusal: 'Held' });
    const database = await openDatabase({ url, schema: 'notes', migrations, onError: () => undefined });
    loadSecretKey(undefined, folder);
    const names = readdirSync(folder);
    const modes = Object.fromEntries(names.map((name) => [name, modeOf(join(folder, name))]));
    await database.close();
    await lock.release();

    expect(modeOf(folder)).toBe('0700');
    expect(names).toEqual(
      expect.arrayContaining(['jwt-secret-key', 'notes.db', 'notes.db-wal', 'notes.db.lock.holder']),
    );
    expect(modes).toEqual(Object.fromEntries(names.map((name) => [name, '0600'])));
  });

  it('is taken from other users if an earlier release left it open, which is said once', async () => {
    const files = { 'notes.db': 0o644, 'notes.db-wal': 0o664, 'notes.db.lock.holder': 0o604, 'jwt-secret-key': 0o640 };
    await using data = await aDataFolder(0o755, { ...files, 'crm.db': 0o644 });

    expect(data.guard()).toEqual([
      had(data.dataDir, ...['jwt-secret-key', 'notes.db', 'notes.db-wal', 'notes.db.lock.holder'].map(data.path)),
    ]);
    expect(modeOf(data.dataDir)).toBe('0700');
    // another service takes care of its own database
    const shut = Object.fromEntries(Object.keys(files).map((name) => [name, '0600']));
    expect(data.modes()).toEqual({ ...shut, 'crm.db': '0644' });
    expect(data.guard()).toEqual([]);
  });

  it('is guarded in DATA_DIR and beside a database elsewhere, and after a move to PostgreSQL', async () => {
    await using data = await aDataFolder(0o700, { 'notes.db': 0o644 });
    await using other = await aDataFolder(0o700, { 'mine.sqlite': 0o644 });

    expect(data.guard(`sqlite:${other.path('mine.sqlite')}`)).toEqual([
      had(data.path('notes.db')),
      had(other.path('mine.sqlite')),
    ]);
    chmodSync(data.path('notes.db'), 0o644);
    expect(data.guard('postgres://localhost/notes')).toEqual([had(data.path('notes.db'))]);
  });

  it('leaves a folder alone that holds other things too, and says if others can write to it', async () => {
    await using data = await aDataFolder(0o1777, { 'notes.db': 0o644, 'holiday.jpg': 0o644 });

    expect(data.guard()).toEqual([
      had(data.path('notes.db')),
      `Other users of this machine can replace what is in ${data.dataDir}; to prevent that: chmod go-w ${data.dataDir}`,
    ]);
    expect(modeOf(data.dataDir)).toBe('01777');
    expect(data.modes()).toEqual({ 'notes.db': '0600', 'holiday.jpg': '0644' });
    chmodSync(data.dataDir, 0o755);
    expect(data.guard()).toEqual([]);
  });

  it('stays open to its group in a folder with the setgid bit', async () => {
    await using data = await aDataFolder(0o2775, { 'notes.db': 0o664, 'jwt-secret-key': 0o640 });

    expect(data.guard()).toEqual([had(data.dataDir, data.path('notes.db'))]);
    expect(modeOf(data.dataDir)).toBe('02770');
    expect(data.modes()).toEqual({ 'notes.db': '0660', 'jwt-secret-key': '0640' });
  });

  it('does not follow a link that lies in the place of a file', async () => {
    await using data = await aDataFolder(0o777);
    const elsewhere = join(dirname(data.dataDir), 'passwd');
    writeFileSync(elsewhere, '');
    chmodSync(elsewhere, 0o644);
    symlinkSync(elsewhere, data.path('notes.db'));

    expect(data.guard()).toEqual([had(data.dataDir)]);
    expect(modeOf(elsewhere)).toBe('0644');
  });

  it.each(['nowhere', 'nowhere/at/all'])('needs no folder: %s', async (name) => {
    await using data = await aDataFolder(0o700);
    expect(data.guard(data.path(`${name}/notes.db`))).toEqual([]);
  });

  it('may lie in a folder of another user, which is said', async () => {
    await using data = await aDataFolder(0o755, { 'notes.db': 0o600 });
    using _user = asAnotherUser(data.dataDir);

    expect(data.guard()).toContain(
      `${data.dataDir} belongs to another user of this machine (id ${statSync(data.dataDir).uid}), who can replace what is in it.`,
    );
  });
});
