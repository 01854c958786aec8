import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

/**
 * For the environment of every process that a test starts: most of what such a process does is to read the program. It
 * is kept over runs, and Node looks at the sources before it uses what it has kept.
 */
export const compileCache = { NODE_COMPILE_CACHE: join(tmpdir(), 'doorstep-compile-cache') };

/**
 * For whoever is not looked at for how it is read: it reads the packages of others, a thousand files, from some twenty.
 * What the project is made of itself, it reads as it is.
 */
export const quickStart = {
  ...compileCache,
  NODE_OPTIONS: `--import ${pathToFileURL(join(import.meta.dirname, 'read-packed.ts'))}`,
};

const services = ['crm', 'inventory', 'middleware'];

/** Fills the cache: a process that a test kills would leave nothing in it. */
export async function setup(): Promise<void> {
  const readAndEnd = async (service: string) => {
    const main = join(import.meta.dirname, '../..', service, 'src/main.ts');
    const env = { ...quickStart, PORT: 'none' }; // refused once everything is read
    await promisify(execFile)(process.execPath, [main], { env }).catch(() => undefined);
  };
  await Promise.all(services.map(readAndEnd));
}
