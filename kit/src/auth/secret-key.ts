import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../errors.ts';

/** HS256 requires a key of at least 32 bytes (RFC 7518, 3.2). */
const keyBytesMin = 32;

/**
 * Returns the configured key, or else the key in `dataDir`. The first process creates it there (mode 0600).
 * Safe to call from several processes at once: all get the same key.
 */
export function loadSecretKey(configured: string | undefined, dataDir: string): string {
  if (configured) return configured;
  const path = join(dataDir, 'jwt-secret-key');
  try {
    mkdirSync(dataDir, { recursive: true });
    const key = readIfThere(path) ?? createKey(path);
    if (Buffer.byteLength(key) >= keyBytesMin) return key;
  } catch (error) {
    throw new StartError(`The key for tokens cannot be stored in ${path}: ${(error as Error).message}.`);
  }
  throw new StartError(
    `The key for tokens in ${path} is shorter than ${keyBytesMin} bytes; delete the file to create a new one.`,
  );
}

function createKey(path: string): string {
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(draft, randomBytes(32).toString('base64url'), { mode: 0o600, flush: true });
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
