import { basename, dirname, resolve } from 'node:path';
import { keyFileName } from '../auth/secret-key.ts';
import { sqlitePath } from '../database/open.ts';
import { isPostgresUrl } from '../database/postgres-address.ts';
import { shutOthersOut } from '../files/shut-others-out.ts';
import type { CommonConfig } from './config.ts';
import type { Logger } from './logger.ts';

/** What lies beside a SQLite database, made by SQLite or by its owner's lock. */
const companions = ['', '-wal', '-shm', '-journal', '.lock', '.lock-journal', '.lock.holder'];

/** Shuts other users of this machine out of what a service has stored. The log says what was open, and what still is. */
export function guardFiles(
  service: string,
  { dataDir, databaseUrl }: Pick<CommonConfig, 'dataDir' | 'databaseUrl'>,
  logger: Pick<Logger, 'warn'>,
): void {
  // a database from before PostgreSQL was set is still there
  const databases = [resolve(dataDir, `${service}.db`)];
  if (!isPostgresUrl(databaseUrl)) databases.push(resolve(sqlitePath(databaseUrl)));
  const isKnown = (name: string) =>
    name.startsWith(keyFileName) ||
    /\.db([-.]|$)/.test(name) || // of any of the services
    databases.some((path) => name.startsWith(basename(path)));
  for (const [folder, paths] of Map.groupBy(databases, (path) => dirname(path))) {
    const names = paths.flatMap((path) => companions.map((companion) => `${basename(path)}${companion}`));
    const files = new Set([keyFileName, ...names]);
    for (const sentence of shutOthersOut({ folder, files, isKnown })) logger.warn(sentence);
  }
}
