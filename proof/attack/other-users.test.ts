import { execFile } from 'node:child_process';
import { chmodSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { startCrmOn } from '@doorstep/crm/test/start.ts';
import { freshDatabase } from '@doorstep/kit/test/databases.ts';
import { expect, it } from 'vitest';

const nobody = { uid: 65_534, gid: 65_534 };

/** The files that a user without any rights of its own can read. */
async function readableByOthers(folder: string): Promise<string[]> {
  const paths = readdirSync(folder).map((name) => join(folder, name));
  const read = paths.map((path) => promisify(execFile)('cat', [path], { ...nobody, encoding: 'buffer' }));
  const outcomes = await Promise.allSettled(read);
  return paths.filter((_path, index) => outcomes[index]?.status === 'fulfilled');
}

/** As a release left it whose files had the modes of any other file. */
function leaveOpen(folder: string): void {
  chmodSync(folder, 0o755);
  for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o644);
}

// only root can become another user
it.skipIf(process.getuid?.() !== 0)('another user of the machine reads nothing, after an update neither', async () => {
  await using fresh = await freshDatabase('sqlite');
  chmodSync(fresh.dataDir, 0o755);
  const url = join(fresh.dataDir, 'data', 'crm.db');
  const database = { ...fresh, url, dataDir: dirname(url) };
  const found: Record<string, string[]> = {};
  {
    await using _crm = await startCrmOn(database, { JWT_SECRET_KEY: '' });
    found['running'] = await readableByOthers(database.dataDir);
  }
  leaveOpen(database.dataDir);
  found['left open'] = await readableByOthers(database.dataDir);
  await using _crm = await startCrmOn(database, { JWT_SECRET_KEY: '' });
  found['updated'] = await readableByOthers(database.dataDir);

  const files = ['crm.db', 'jwt-secret-key'].map((name) => join(database.dataDir, name));
  expect(found).toEqual({ running: [], 'left open': expect.arrayContaining(files), updated: [] });
});
