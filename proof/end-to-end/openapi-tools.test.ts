import { spawnSync } from 'node:child_process';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bodyValidators } from '@doorstep/kit/test/openapi-bodies.ts';
import { operationsOf } from '@doorstep/kit/test/openapi-requests.ts';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import spectral, { type RulesetDefinition } from '@stoplight/spectral-core';
import { oas } from '@stoplight/spectral-rulesets';
import openapiTypescript, { astToString } from 'openapi-typescript';
import { RE2JS } from 're2js';
import { beforeAll, describe, expect, it } from 'vitest';
import { documentOf, type ServiceName, serveAll, serviceNames } from './served.ts';

// The documents of the three services, under the tools that people use on them.

const documents = {} as Record<ServiceName, Awaited<ReturnType<typeof documentOf>>>;
beforeAll(async () => {
  await using all = await serveAll();
  for (const name of serviceNames) documents[name] = await documentOf(all.services[name]);
});

/** Redocly compares templates only. An item's id is a number, so `items/customer/quantity` is always a customer's list. */
const fixedByTheContract = ['/api/v1/items/{id}/quantity', '/api/v1/items/{id}/movements'];

describe.each(serviceNames)('the OpenAPI document of the %s', (name) => {
  it('passes Redocly, recommended-strict', async () => {
    const config = await createConfig({ extends: ['recommended-strict'] });

    const problems = await lintFromString({ source: JSON.stringify(documents[name]), config });

    const found = problems.map(({ ruleId, message, location }) => `${ruleId} ${location[0]?.pointer}: ${message}`);
    const left = found.filter(
      (line) => !fixedByTheContract.some((path) => line.startsWith('no-ambiguous-paths') && line.includes(path)),
    );
    expect(left).toEqual([]);
  });

  it('passes Spectral, spectral:oas', async () => {
    const linter = new spectral.Spectral();
    linter.setRuleset({ extends: [oas as RulesetDefinition] });

    const problems = await linter.run(documents[name]);

    expect(problems.map(({ code, path, message }) => `${code} ${path.join('.')}: ${message}`)).toEqual([]);
  });

  it('has patterns that RE2 and JavaScript understand', () => {
    const patterns = patternsIn(documents[name]);
    expect(patterns.length).toBeGreaterThan(0);
    for (const pattern of patterns) {
      expect(() => RE2JS.compile(pattern)).not.toThrow();
      expect(() => [new RegExp(pattern), new RegExp(pattern, 'u')]).not.toThrow();
    }
  });

  it('has bodies that ajv compiles in its strict mode', () => {
    const validatorOf = bodyValidators(documents[name]);
    const operations = operationsOf(documents[name]).filter(({ requestBody }) => requestBody);
    expect(operations.length).toBeGreaterThan(0);
    for (const operation of operations) {
      const [content] = Object.values(operation.requestBody?.content ?? {});
      const validate = validatorOf(operation);
      expect([operation.path, validate?.(content?.example), validate?.errors]).toEqual([operation.path, true, null]);
    }
  });
});

describe('the OpenAPI documents of all three', () => {
  const python = spawnSync('python3', ['--version']);
  it.skipIf(python.error)('have patterns that Python understands', () => {
    const program = 'import json, re, sys; [re.compile(pattern) for pattern in json.load(sys.stdin)]';

    const { stderr } = spawnSync('python3', ['-W', 'error', '-c', program], {
      input: JSON.stringify(Object.values(documents).flatMap(patternsIn)),
    });

    expect(stderr.toString()).toBe('');
  });

  it('become types of openapi-typescript that clients compile with', async () => {
    const files: Record<string, string> = {};
    for (const name of serviceNames) {
      files[`${name}.ts`] = astToString(await openapiTypescript(documents[name]));
      files[`${name}-client.ts`] = `import type { paths } from './${name}.ts';\n${operationTypes}\n${clients[name]}`;
    }

    expect(await compile(files)).toBe('');
  });
});

describe('an amount', () => {
  it('is accepted by ajv for every cent that the Inventory takes', () => {
    const [create] = operationsOf(documents.inventory).filter(
      ({ path, method }) => path === '/api/v1/items' && method === 'POST',
    );
    const validate = create && bodyValidators(documents.inventory)(create);
    const refused = (cents: number) => !validate?.({ name: 'Mug', sku: 'M', price: cents / 100, cost: cents / 100 });
    const lowest = Array.from({ length: 100_000 }, (_, index) => index + 1);
    const highest = lowest.map((cents) => 100_000_000_000 - cents);
    const between = lowest.map((cents) => cents * 999_983);
    expect([...lowest, ...highest, ...between].filter(refused)).toEqual([]);
    expect([0, 100_000_000_000].map(refused)).toEqual([true, true]);
  });
});

function patternsIn(document: object): string[] {
  const found: string[] = [];
  JSON.stringify(document, (key, value) => {
    if (key === 'pattern' && typeof value === 'string') found.push(value);
    return value;
  });
  return [...new Set(found)];
}

/** What a caller sends and gets, as a client reads it out of the generated types. */
const operationTypes = `
type Json<Part> = Part extends { content: { 'application/json': infer Body } } ? Body : never;
type Sent<Path extends keyof paths, Method extends keyof paths[Path]> =
  paths[Path][Method] extends { requestBody?: infer Body } ? Json<NonNullable<Body>> : never;
type Query<Path extends keyof paths> = paths[Path] extends { get: { parameters: { query?: infer Query } } } ? Query : never;
type Got<Path extends keyof paths> = paths[Path] extends { get: { responses: { 200: infer Body } } } ? Json<Body> : never;
`;

const clients: Record<ServiceName, string> = {
  crm: `
export const customer: Sent<'/customers', 'post'> = { name: 'Alice', email: 'alice@example.com' };
export const lead: Sent<'/leads', 'post'> = { email: 'bob@example.com' };
export const process: Sent<'/processes', 'post'> = { name: 'Onboarding' };
export const login: Sent<'/v1/auth/login', 'post'> = { email: 'alice@example.com', password: 'x' };
// @ts-expect-error without a password
export const noLogin: Sent<'/v1/auth/login', 'post'> = { email: 'alice@example.com' };
export const query: Query<'/v1/customers'> = { include_deleted: true };
export const idsOf = (customers: Got<'/customers'>): number[] => customers.map(({ id }) => id);
`,
  inventory: `
export const item: Sent<'/api/v1/items', 'post'> = { name: 'Mug', sku: 'MUG-01', price: 12.5 };
// @ts-expect-error without a price
export const noItem: Sent<'/api/v1/items', 'post'> = { name: 'Mug', sku: 'MUG-01' };
export const welcome: Sent<'/packages', 'post'> = { customerId: 'c-7', customerName: 'Alice' };
export const many: Sent<'/packages/batch', 'post'> = { packages: [{ customerId: 7, customerName: 'Alice' }] };
export const kit: Sent<'/api/v1/kits/{package_type}', 'put'> = { items: [{ item_id: 1, quantity: 1 }] };
export const change: Sent<'/api/v1/items/{id}/quantity', 'patch'> = { quantity_change: -2 };
export const query: Query<'/api/v1/items'> = { min_price: 0.07, is_active: true };
export const pricesOf = ({ items }: Got<'/api/v1/items'>): number[] => items.map(({ price }) => price);
`,
  middleware: `
export const replay: Sent<'/deliveries/replay', 'post'> = { state: 'dead' };
export const settle: Sent<'/deliveries/{customer_id}/settle', 'post'> = { package_id: 12 };
export const pause: Sent<'/pause', 'post'> = {};
export const query: Query<'/deliveries'> = { after: 'c-7', state: 'held' };
export const waiting = ({ deliveries }: Got<'/status'>): number => deliveries.pending + deliveries.retrying;
`,
};

const tsc = join(import.meta.dirname, '../../node_modules/.bin/tsc');
const options =
  '--strict --noEmit --allowImportingTsExtensions --target esnext --module esnext --moduleResolution bundler';

/** What TypeScript says of these files. */
async function compile(files: Record<string, string>): Promise<string> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'doorstep-types-'));
  const paths = Object.keys(files).map((name) => join(folder.path, name));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder.path, name), text);
  const { stdout, stderr } = spawnSync(tsc, [...options.split(' '), ...paths], { cwd: folder.path });
  return `${stdout}${stderr}`;
}
