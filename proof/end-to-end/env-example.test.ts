import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from '@doorstep/kit/process/parse-env.ts';
import { describe, expect, it } from 'vitest';
import { readBy, readers } from './settings-read.ts';

const services = Object.entries(readers);

const root = join(import.meta.dirname, '../..');
const example = Object.fromEntries(parseEnv(readFileSync(join(root, '.env.example'), 'utf8'), {}).values);
const compose = readFileSync(join(root, 'docker-compose.yml'), 'utf8');

/** Outside a service, npm start and Compose name its port and its public address. */
const ports = ['CRM_PORT', 'INVENTORY_PORT', 'MIDDLEWARE_PORT'];
const publicUrls = ['CRM_PUBLIC_URL', 'INVENTORY_PUBLIC_URL', 'MIDDLEWARE_PUBLIC_URL'];
/** The names of these two inside a service. */
const ofOneService = ['PORT', 'PUBLIC_URL'];

/** What an image is built from. */
const forBuild = 'NODE_IMAGE';

/** A container does not get these settings: its image fixes the first two, and `ports` in the Compose file uses the rest. */
const notPassedOn = ['HOST', 'PORT', ...ports];

/** What Compose sets to another value than that of `.env`, or to its own default. */
const setByCompose = (service: string): Record<string, string> => ({
  DATA_DIR: '/keys', // a volume of its own, because the three services share the key in it
  SQLITE_FILE: `/data/${service}.db`,
  PUBLIC_URL: `\${${service.toUpperCase()}_PUBLIC_URL:-}`,
  NO_PROXY: `crm,inventory,middleware,\${NO_PROXY:-}`, // they call each other directly
  CRM_SERVICE_URL: `\${CRM_SERVICE_URL:-http://crm:3001}`,
  INVENTORY_SERVICE_URL: `\${INVENTORY_SERVICE_URL:-http://inventory:3002}`,
});

/** The lines of a block in the Compose file, from below its first line to the end of its indentation. */
function block(text: string, firstLine: string): string {
  const [, indent = ''] = /^( *)/.exec(firstLine) ?? [];
  const start = text.indexOf(`\n${firstLine}\n`);
  if (start < 0) throw new Error(`docker-compose.yml has no line ${JSON.stringify(firstLine)}`);
  const rest = text.slice(start + firstLine.length + 2);
  return new RegExp(`^(${indent} +.*\n|\n)*`).exec(rest)?.[0] ?? '';
}

function variablesIn(lines: string): Record<string, string> {
  return Object.fromEntries([...lines.matchAll(/^ +([A-Z_]+): (.*)$/gm)].map(([, name, value]) => [name, value]));
}

/** The environment that Compose gives to a service. */
function environmentOf(service: string): Record<string, string> {
  const own = block(block(compose, `  ${service}:`), '    environment:');
  const shared = own.includes('<<: *settings') ? block(compose, 'x-settings: &settings') : '';
  return { ...variablesIn(shared), ...variablesIn(own) };
}

describe('.env.example', () => {
  it('lists every setting that a service reads, and nothing else', () => {
    const read = services.flatMap(([, reader]) => readBy(reader)).filter((name) => !ofOneService.includes(name));

    const ofNpmStart = [...ports, ...publicUrls, forBuild];
    expect(Object.keys(example).sort()).toEqual([...new Set([...read, ...ofNpmStart])].sort());
  });

  it.each(services)('changes nothing for the %s: it holds the defaults', (_service, reader) => {
    expect(reader(example)).toEqual(reader({}));
  });
});

it('docs/settings.md describes every setting', () => {
  const guide = readFileSync(join(root, 'docs/settings.md'), 'utf8');

  expect([...Object.keys(example), ...ofOneService].filter((name) => !guide.includes(`\`${name}\``))).toEqual([]);
});

describe('docker-compose.yml', () => {
  it.each(services)('passes on to the %s every setting that it reads, and nothing else', (service, reader) => {
    const names = readBy(reader).filter((name) => !notPassedOn.includes(name));
    const special = setByCompose(service);

    const expected = Object.fromEntries(names.map((name) => [name, special[name] ?? `\${${name}:-}`]));
    expect(environmentOf(service)).toEqual(expected);
  });

  it('publishes each service on the port that .env names, with the default of .env.example', () => {
    const published = [...compose.matchAll(/"127\.0\.0\.1:\$\{(\w+):-(\d+)\}:(\d+)"/g)].map((match) => match.slice(1));

    expect(published).toEqual(ports.map((name) => [name, example[name], example[name]]));
  });

  it('uses every setting of .env.example but those that an image or a volume fixes', () => {
    const used = new Set([...compose.matchAll(/\$\{(\w+)/g)].map(([, name]) => name));

    expect([...used, 'HOST', 'DATA_DIR', 'SQLITE_FILE'].sort()).toEqual(Object.keys(example).sort());
  });
});
