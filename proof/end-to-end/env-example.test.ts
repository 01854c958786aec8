import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { readCrmConfig } from '@doorstep/crm/src/config.ts';
import { readInventoryConfig } from '@doorstep/inventory/src/config.ts';
import { readMiddlewareConfig } from '@doorstep/middleware/src/config.ts';
import { expect, it } from 'vitest';

const readers = [readCrmConfig, readInventoryConfig, readMiddlewareConfig];

it('.env.example lists every setting that a service reads, with its default', async () => {
  const text = await readFile(join(import.meta.dirname, '../../.env.example'), 'utf8');
  const example = parseEnv(text);
  const read = new Set<string>();
  const watched = new Proxy<Record<string, string>>({}, { get: (_target, name) => void read.add(String(name)) });
  for (const reader of readers) {
    expect(reader(example)).toEqual(reader({}));
    reader(watched);
  }
  // npm start and Compose make it of the three ports
  read.delete('PORT');
  for (const name of ['CRM_PORT', 'INVENTORY_PORT', 'MIDDLEWARE_PORT']) read.add(name);
  expect(Object.keys(example).sort()).toEqual([...read].sort());
});
