import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Plugin, rolldown } from 'rolldown';
import { packed } from './packed-packages.ts';

const entryOf = (name: string) => join(packed.finders.get(name) ?? '', packed.fileOf(name));
const names = new Map([...packed.finders.keys()].map((name) => [entryOf(name), name]));

/** An entry re-exports the names that Node can import from the package. */
const entries: Plugin = {
  name: 'entries',
  resolveId: (id) => (names.has(id) ? id : null),
  async load(entry) {
    const name = names.get(entry);
    if (!name) return null;
    const file = (await this.resolve(name, entry))?.id;
    const exported = Object.keys(await import(file ?? name)).filter((key) => key !== 'module.exports');
    return `export { ${exported.join(', ')} } from '${name}'`;
  },
};

/** swagger-ui-dist stays outside the bundle, because it serves files from its own folder. */
const notPacked: Plugin = {
  name: 'not packed',
  resolveId: (id, from) =>
    id.startsWith('swagger-ui-dist') && from ? { id: createRequire(from).resolve(id), external: 'absolute' } : null,
};

/** The bundles are rebuilt only if one of these files has changed. */
const packedFrom = [import.meta.filename, join(import.meta.dirname, 'packed-packages.ts')].concat(
  ['pnpm-lock.yaml', 'kit/package.json', 'middleware/package.json'].map((file) =>
    join(import.meta.dirname, '../..', file),
  ),
);

/** Bundles the dependencies of the services together, so that every dependency exists only once. */
export async function setup(): Promise<void> {
  const keyFile = join(packed.folder, 'key');
  const key = await keyOf(packedFrom);
  if ((await readFile(keyFile, 'utf8').catch(() => undefined)) === key) return;
  await rm(keyFile, { force: true });
  const bundle = await rolldown({
    input: Object.fromEntries([...names].map(([entry, name]) => [packed.fileOf(name), entry])),
    platform: 'node',
    external: ['pg-native'],
    checks: { pluginTimings: false },
    plugins: [entries, notPacked],
  });
  await bundle.write({ dir: packed.folder, entryFileNames: '[name]', chunkFileNames: '[name].js' });
  await bundle.close();
  await writeFile(keyFile, key);
}

async function keyOf(files: string[]): Promise<string> {
  const hash = createHash('sha256').update(process.version);
  for (const file of files) hash.update(await readFile(file));
  return hash.digest('hex');
}
