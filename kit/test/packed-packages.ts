import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

const folder = join(root, 'node_modules/.cache/doorstep-packed');

/** The dependencies of the services: import name → folder to resolve it from. */
const finders = new Map<string, string>();
for (const service of ['middleware', 'kit']) {
  const { dependencies } = JSON.parse(readFileSync(join(root, service, 'package.json'), 'utf8'));
  for (const name of Object.keys(dependencies)) {
    if (!name.startsWith('@doorstep/')) finders.set(name, join(root, service));
  }
}
finders.set('kysely/migration', join(root, 'kit'));

const fileOf = (name: string) => `${name.replace('/', '-')}.js`;

export const packed = { folder, finders, fileOf };
