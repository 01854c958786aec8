import { join } from 'node:path';
import { call } from '@doorstep/kit/test/call.ts';
import newman, { type NewmanRunOptions, type NewmanRunSummary } from 'newman';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startThree } from './three-services.ts';

const root = join(import.meta.dirname, '../..');
const environmentFile = join(root, 'docs/postman_environment.json');
const ADMIN_PASSWORD = 'correct horse battery staple';

const names = ['crm', 'inventory', 'middleware'] as const;
type Name = (typeof names)[number];
/** So that a collection cannot pass by running nothing. */
const assertionsMin = { crm: 140, inventory: 215, middleware: 65 };

describe('the Postman collections', () => {
  let three: Awaited<ReturnType<typeof startThree>>;
  const summaries: Record<Name, NewmanRunSummary[]> = { crm: [], inventory: [], middleware: [] };
  beforeAll(async () => {
    three = await startThree('sqlite', { crm: { ADMIN_PASSWORD } });
    for (const _databases of ['empty', 'used']) {
      let environment: NewmanRunOptions['environment'] = environmentFile;
      for (const name of names) {
        const summary = await run(name, { environment, password: ADMIN_PASSWORD });
        summaries[name].push(summary);
        // as in Postman, where the next collection finds the token that one has left
        environment = summary.environment;
      }
    }
  });
  afterAll(() => three[Symbol.asyncDispose]());

  describe.each(names)('%s', (name) => {
    it('passes from top to bottom, on empty databases and on used ones', () => {
      expect(summaries[name].map(failuresOf)).toEqual([[], []]);
    });

    it('looks at every answer', () => {
      const [first, second] = summaries[name].map((summary) => summary.run.stats.assertions.total);
      expect(first).toBeGreaterThanOrEqual(assertionsMin[name]);
      expect(second).toBe(first);
      expect(summaries[name].flatMap(requestsWithoutTests)).toEqual([]);
    });

    it('has a request for every documented route', async () => {
      const { body } = await call(three[name], 'GET /openapi.json');
      const documented = Object.entries<object>(body.paths).flatMap(([path, methods]) => {
        return Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`);
      });

      const asked = summaries[name]
        .flatMap((summary) => summary.run.executions)
        .filter(({ request }) => request.url.toString().startsWith(three[name].url))
        .map(({ request }) => `${request.method} ${request.url.getPath()}`);

      expect(documented.filter((route) => !asked.some((request) => patternOf(route).test(request)))).toEqual([]);
    });
  });

  it('leave the token of the admin for the next one', () => {
    for (const { environment } of [...summaries.inventory, ...summaries.middleware]) {
      expect(environment.get('access_token')).toMatch(/^ey[\w-]+\.[\w-]+\.[\w-]+$/);
    }
  });

  it('leave out logging in as admin where no password is given', async () => {
    const summary = await run('crm', { environment: environmentFile, password: '', folder: 'Logging in' });

    expect(failuresOf(summary)).toEqual([]);
    expect(summary.run.stats.requests.total).toBe(2);
    expect(summary.environment.get('access_token')).toBe('');
  });

  type Options = Pick<NewmanRunOptions, 'environment' | 'folder'> & { password: string };

  function run(name: Name, { password, ...options }: Options): Promise<NewmanRunSummary> {
    const variables = {
      crm_url: three.crm.url,
      inventory_url: three.inventory.url,
      middleware_url: three.middleware.url,
      admin_password: password,
    };
    const envVar = Object.entries(variables).map(([key, value]) => ({ key, value }));
    const collection = join(root, name, 'postman_collection.json');
    return new Promise((resolve, reject) => {
      newman.run({ ...options, collection, envVar, reporters: [] }, (error, summary) =>
        error ? reject(error) : resolve(summary),
      );
    });
  }
});

function failuresOf({ run: { failures } }: NewmanRunSummary) {
  return failures.map(({ source, error }) => `${source?.name}: ${error.test ?? error.name}: ${error.message}`);
}

/** One assertion on every answer is the collection's own. */
function requestsWithoutTests({ run: { executions } }: NewmanRunSummary) {
  return executions.filter(({ assertions }) => assertions.length < 2).map(({ item }) => item.name);
}

function patternOf(route: string): RegExp {
  return new RegExp(`^${route.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`);
}
