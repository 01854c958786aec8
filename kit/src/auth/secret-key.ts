import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../errors.ts';
import { isOfOther, isShared, makePrivateFolder, privateMode } from '../files/private-files.ts';

/** HS256 requires a key of at least 32 bytes (RFC 7518, 3.2). */
const keyBytesMin = 32;

export const keyFileName = 'jwt-secret-key';

/**
 * Returns the configured key, or else the key in `dataDir`. The first process creates it there (mode 0600).
 * Safe to call from several processes at once: all get the same key.
 */
export function loadSecretKey(configured: string | undefined, dataDir: string): string {
  if (configured) return configured;
  const path = join(dataDir, keyFileName);
  const key = readOrCreate(dataDir, path);
  refuseKeyOfOther(dataDir, path);
  if (Buffer.byteLength(key) >= keyBytesMin) return key;
  throw new StartError(
    `The key for tokens in ${path} is shorter than ${keyBytesMin} bytes; delete the file to create a new one.`,
  );
}

function readOrCreate(dataDir: string, path: string): string {
  try {
    makePrivateFolder(dataDir);
    return readIfThere(path) ?? createKey(path);
  } catch (error) {
    throw new StartError(`The key for tokens cannot be stored in ${path}: ${(error as Error).message}.`);
  }
}

/** Somebody may have put it there beforehand: its owner could sign tokens of every role. */
function refuseKeyOfOther(dataDir: string, path: string): void {
  const stats = statSync(path);
  if (!isOfOther(stats) || isShared(statSync(dataDir))) return;
  throw new StartError(
    `The key for tokens in ${path} belongs to another user of this machine (id ${stats.uid}), who could sign tokens with it; set JWT_SECRET_KEY, or delete the file to create a new one.`,
  );
}

function createKey(path: string): string {
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(draft, randomBytes(32).toString('base64url'), { mode: privateMode.file, flush: true });
  try {
    linkSync(draft, path); // atomic, and never replaces the key of another process
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft);
  }
  return readFileSync(path, 'utf8');
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
