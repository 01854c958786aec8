import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

/**
 * For the environment of every process that a test starts, because such a process spends most of its time compiling the
 * program. The cache survives the run, and Node checks the sources before it uses an entry.
 */
export const compileCache = { NODE_COMPILE_CACHE: join(tmpdir(), 'doorstep-compile-cache') };

/**
 * For processes whose module loading is not under test. They load their dependencies (a thousand files) from about
 * twenty bundles, but the project's own code from its source files.
 */
export const quickStart = {
  ...compileCache,
  NODE_OPTIONS: `--import ${pathToFileURL(join(import.meta.dirname, 'read-packed.ts'))}`,
};

const services = ['crm', 'inventory', 'middleware'];

/** Fills the cache, because a killed process writes nothing to it. */
export async function setup(): Promise<void> {
  const readAndEnd = async (service: string) => {
    const main = join(import.meta.dirname, '../..', service, 'src/main.ts');
    const env = { ...quickStart, PORT: 'none' }; // rejected after all modules are loaded
    await promisify(execFile)(process.execPath, [main], { env }).catch(() => undefined);
  };
  await Promise.all(services.map(readAndEnd));
}
