import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packed } from './packed-packages.ts';

registerHooks({
  resolve(name, context, next) {
    const isPacked = packed.finders.has(name) && !context.parentURL?.includes('/node_modules/');
    if (!isPacked) return next(name, context);
    const file = join(packed.folder, packed.fileOf(name));
    return { url: pathToFileURL(file).href, format: 'module', shortCircuit: true };
  },
});
