import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { exchange } from '@doorstep/kit/test/raw-http.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CrmWithAdmin, startCrmWithAdmin } from './an-admin.ts';

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
const isProblem = /^application\/problem\+json/;

/** The documented paths, with the methods of each. */
type Paths = [path: string, known: string[]][];

async function pathsOf(crm: CrmWithAdmin): Promise<Paths> {
  const { body } = await call(crm, 'GET /openapi.json');
  return Object.entries<object>(body.paths).map(([path, operations]) => {
    return [path, Object.keys(operations).map((method) => method.toUpperCase())];
  });
}

// what is refused here never reaches a database
describe('every path', () => {
  let crm: CrmWithAdmin;
  let paths: Paths;
  beforeAll(async () => {
    crm = await startCrmWithAdmin('sqlite');
    paths = await pathsOf(crm);
  });
  afterAll(() => crm[Symbol.asyncDispose]());

  const withoutIds = (path: string) => path.replace(/\{\w+\}/g, '1');

  it('answers 405 to an unknown method and lists the allowed ones', async () => {
    for (const [path, known] of paths) {
      const allow = [...known, ...(known.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].sort().join(', ');
      for (const method of [...methods, 'PROPFIND', 'REPORT'].filter((method) => !known.includes(method))) {
        const { status, headers, body } = await call(crm, `${method} ${withoutIds(path)}`);
        expect([method, path, status, headers.get('Allow')]).toEqual([method, path, 405, allow]);
        expect([headers.get('Content-Type'), body.title]).toEqual([
          expect.stringMatching(isProblem),
          'Method Not Allowed',
        ]);
      }
      const { status, headers, body } = await call(crm, `OPTIONS ${withoutIds(path)}`);
      expect([path, status, headers.get('Allow'), body]).toEqual([path, 204, allow, '']);
    }
  });

  it('answers HEAD like GET, and 405 without a GET', async () => {
    for (const [path, known] of paths) {
      const ask = (method: string) => fetch(crm.url + withoutIds(path), { method });
      const [head, get] = [await ask('HEAD'), await ask('GET')];
      expect([path, head.status, await head.text()]).toEqual([path, known.includes('GET') ? get.status : 405, '']);
      await get.text();
    }
  });

  it('is not matched with an extra segment', async () => {
    for (const [path] of paths) {
      for (const more of ['/nothing', '//', '.json', ';a=b', '%2f', '%00', '%20', '%0d%0aX-Injected:1']) {
        const { status, headers, body } = await crm.admin(`GET ${withoutIds(path)}${more}`);
        // in the place of an id, the segment is an invalid id
        expect([path, more, status]).toEqual([path, more, expect.toSatisfy((it) => [400, 403, 404].includes(it))]);
        expect([headers.get('Content-Type'), body.status]).toEqual([expect.stringMatching(isProblem), status]);
      }
    }
  });

  it.each([
    '1e400',
    '-0',
    '9.0',
    '0x1',
    '%00',
    '1%00',
    '%C2%B9',
    '%D9%A1',
    '1;drop',
    '__proto__',
    'constructor',
    '1%2f2',
    '%252e',
  ])('does not accept %s as an id', async (id) => {
    for (const [path, known] of paths.filter(([path]) => path.includes('{id}'))) {
      for (const method of known) {
        const answer = await crm.admin(`${method} ${path.replace('{id}', id)}`, method === 'PUT' ? { body: {} } : {});
        // an admin has no items
        const status = path.includes('my-items') ? 403 : 400;
        expect([method, path, answer.status]).toEqual([method, path, status]);
      }
    }
  });

  it.each(['%', '%zz', '%E0%A4%A', '%ff', '%ED%A0%80', '%c0%af'])('rejects the undecodable id %s', async (id) => {
    for (const [path, known] of paths.filter(([path]) => path.includes('{id}'))) {
      for (const method of known) {
        const { status, headers } = await crm.admin(`${method} ${path.replace('{id}', id)}`);
        expect([method, path, status]).toEqual([method, path, 400]);
        expect(headers.get('Content-Type')).toMatch(isProblem);
      }
    }
  });
});

describe.each(databases)('every path with an id, on %s,', (kind) => {
  let crm: CrmWithAdmin;
  beforeAll(async () => {
    crm = await startCrmWithAdmin(kind);
  });
  afterAll(() => crm[Symbol.asyncDispose]());

  it.each([
    ['16', '9007199254740993'],
    ['20', '99999999999999999999'],
    ['5000', '9'.repeat(5_000)],
  ])('answers 404 to an id of %s digits', async (_digits, id) => {
    for (const [path, known] of (await pathsOf(crm)).filter(
      ([path]) => path.includes('{id}') && !path.includes('my-items'),
    )) {
      for (const method of known) {
        const answer = await crm.admin(`${method} ${path.replace('{id}', id)}`, method === 'PUT' ? { body: {} } : {});
        expect([method, path, answer.status]).toEqual([method, path, 404]);
      }
    }
  });
});

describe('an unknown path', () => {
  let crm: CrmWithAdmin;
  beforeAll(async () => {
    crm = await startCrmWithAdmin('sqlite');
  });
  afterAll(() => crm[Symbol.asyncDispose]());

  it.each([
    '/nothing',
    '/.env',
    '/.git/config',
    '/admin',
    '/v1',
    '/v1/auth',
    '/api/v1/customers',
    '/customers.json',
    '/__proto__',
  ])('is 404 for every method: %s', async (path) => {
    for (const method of [...methods, 'OPTIONS']) {
      const { status, headers, body } = await call(crm, `${method} ${path}`, { headers: { Accept: 'text/html' } });
      expect([method, status, headers.get('Content-Type')]).toEqual([method, 404, expect.stringMatching(isProblem)]);
      expect(body.detail).toBe(`There is no route ${path}; GET /docs lists the routes`);
    }
  });

  it.each([
    '//customers',
    '/../customers',
    '/./customers',
    '/docs/../customers',
    '/%63ustomers',
    '/customers/../leads',
  ])('is not normalized to a known path: %s', async (target) => {
    const request = `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
    expect(await exchange(crm, request)).toMatchObject([
      { status: expect.toSatisfy((it) => it === 404 || it === 400) },
    ]);
  });
});
