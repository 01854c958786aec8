import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../errors.ts';

/** HS256 takes a key of at least 32 bytes (RFC 7518, 3.2). */
const keyBytesMin = 32;

/**
 * The key in use: the configured one, or the one in `dataDir`, made there (mode 0600) by whichever process is first.
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
    throw new StartError(`The key for tokens cannot be kept in ${path}: ${(error as Error).message}.`);
  }
  throw new StartError(
    `The key for tokens in ${path} is shorter than ${keyBytesMin} bytes; delete the file to have a new one made.`,
  );
}

function createKey(path: string): string {
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(draft, randomBytes(32).toString('base64url'), { mode: 0o600, flush: true });
  try {
    linkSync(draft, path); // appears whole or not at all, and never over another's
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
