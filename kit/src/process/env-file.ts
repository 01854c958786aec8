import { isUtf8 } from 'node:buffer';
import { readFileSync, statSync } from 'node:fs';
import { StartError } from '../errors.ts';
import { parseEnv } from './parse-env.ts';
import type { Environment } from './settings.ts';

/**
 * Reads a .env file into `environment`, if there is one. Variables that are already set take precedence, even if they
 * are empty. Returns warnings, one sentence each.
 * @throws StartError if the file cannot be read or understood.
 */
export function loadEnvFile(path: string, environment: Environment): string[] {
  const bytes = readIfThere(path);
  if (!bytes) return [];
  const { values, warnings } = parseEnv(decode(bytes), environment);
  for (const [name, value] of values) environment[name] ??= value;
  return [...warnings, ...warnOfReaders(path, values)];
}

const secret = /KEY|PASSWORD|SECRET|TOKEN|^DATABASE_URL$/;

/** Copied from .env.example, the file can be read by everybody. Windows and some file systems keep no modes. */
function warnOfReaders(path: string, values: Map<string, string>): string[] {
  const [held] = [...values].find(([name, value]) => value !== '' && secret.test(name)) ?? [];
  const isReadByAll = process.platform !== 'win32' && (statSync(path).mode & 0o004) !== 0;
  if (held === undefined || !isReadByAll) return [];
  return [`.env holds ${held}, and every user of this machine can read it; to prevent that: chmod 600 .env`];
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new StartError(`${path} cannot be read (${code}).`);
  }
}

function decode(bytes: Buffer): string {
  const isUtf16 = bytes.includes(0) || /^(\xff\xfe|\xfe\xff)/.test(bytes.toString('latin1', 0, 2));
  if (isUtf16) throw new StartError('.env is encoded in UTF-16, as some editors save it; save it in UTF-8.');
  if (!isUtf8(bytes)) throw new StartError('.env is not encoded in UTF-8; save it in UTF-8.');
  // without the byte-order mark
  return new TextDecoder().decode(bytes);
}
