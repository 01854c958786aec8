import { databases, freshDatabase } from '@doorstep/kit/test/databases.ts';
import { emailKey, searchFold } from '@doorstep/kit/text/fold.ts';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Account } from '../src/customer.ts';
import { adminKey, adminOf, type CrmWithAdmin, startCrmWithAdmin } from './an-admin.ts';
import { openCrmDatabase, startCrmOn } from './start.ts';

/** Not sorted by any column. The last but one has an early email; the last has the name of the first. */
const people: [name: string, email: string][] = [
  ['Émile Zola', 'emile@example.com'],
  ['anna', 'm-anna@example.com'],
  ['ANNA-Marie', 'k-anna@example.com'],
  ['Ann', 'L-ann@example.com'],
  ['100% sure', 'percent@example.com'],
  ['100 sure', 'plain@example.com'],
  ['snake_case', 'under_score@example.com'],
  ['snake-case', 'underXscore@example.com'],
  ['back\\slash', 'back@example.com'],
  ['back/slash', 'forth@example.com'],
  ['ｆｕｌｌ ｗｉｄｔｈ', 'wide@example.com'],
  ['🎁 Gift', 'gift@exämple.中国'],
  ['李小龍', 'bruce@example.com'],
  ['zoë', 'Zoë@example.com'],
  ['Øyvind', 'a1@example.com'],
  ['émile zola', 'f-emile@example.com'],
];
const keys: Record<string, (account: Account) => string> = {
  id: ({ id }) => String(id).padStart(9, '0'),
  name: ({ name }) => searchFold(name),
  email: ({ email }) => emailKey(email),
  created_at: ({ created_at }) => created_at,
};

describe.each(databases)('the list of accounts on %s', (kind) => {
  let crm: CrmWithAdmin;
  let all: Account[];
  beforeAll(async () => {
    crm = await startCrmWithAdmin(kind);
    for (const [name, email] of people) await crm.addAccount({ name, email });
    const deleted = await crm.addAccount({ name: 'Deleted', email: 'emile@deleted.example.com' });
    await crm.admin(`DELETE /v1/customers/${deleted.id}`);
    await using database = await openCrmDatabase(crm.database);
    const days = people.map((_, index) => `2026-01-${10 + ((index * 7) % 5)}T12:00:00.000Z`);
    for (const [index, created_at] of days.entries())
      await database.db
        .updateTable('customers')
        .set({ created_at })
        .where('id', '=', index + 1)
        .execute();
    all = (await list('size=100')).body.items;
  });
  afterAll(() => crm[Symbol.asyncDispose]());

  const list = (query = '') => crm.admin(`GET /v1/customers?${query}`);
  const namesFound = async (search: string, query = '') => {
    const { body } = await list(`search=${encodeURIComponent(search)}&size=100${query}`);
    expect(body.total).toBe(body.items.length);
    return body.items.map(({ name }: Account) => name);
  };
  const byKey = (field: string) => (a: Account, b: Account) =>
    Buffer.compare(Buffer.from(keys[field]?.(a) ?? ''), Buffer.from(keys[field]?.(b) ?? '')) || a.id - b.id;

  it('returns ten in id order by default', async () => {
    const { status, body } = await list();

    expect(status).toBe(200);
    expect(body).toStrictEqual({ items: all.slice(0, 10), total: 16, page: 1, size: 10, pages: 2 });
    expect(all.map(({ name, email }) => [name, email])).toEqual(people);
    expect(all.map(({ id }) => id)).toEqual(people.map((_, index) => index + 1));
  });

  it.each(['id', 'name', 'email', 'created_at'])(
    'sorts by %s in both directions, the same on every database',
    async (field) => {
      const expected = all.toSorted(byKey(field));
      for (const [sort, order] of [
        [field, expected],
        [`-${field}`, expected.toReversed()],
      ] as const) {
        const pages = [1, 2, 3, 4, 5, 6].map((page) => list(`sort=${sort}&size=3&page=${page}`));
        const bodies = (await Promise.all(pages)).map(({ body }) => body);
        expect(bodies.flatMap(({ items }) => items)).toEqual(order);
        expect(bodies.map(({ items, ...rest }) => rest)).toEqual(
          bodies.map((_, index) => ({ total: 16, page: index + 1, size: 3, pages: 6 })),
        );
      }
      expect(new Set(all.map((account) => keys[field]?.(account))).size < all.length).toBe(
        field === 'created_at' || field === 'name',
      );
    },
  );

  it.each([
    ['page=3', { items: [], total: 16, page: 3, size: 10, pages: 2 }],
    ['page=1000000000&size=100', { items: [], total: 16, page: 1_000_000_000, size: 100, pages: 1 }],
    ['search=nobody', { items: [], total: 0, page: 1, size: 10, pages: 0 }],
  ])('is empty for ?%s and still shows the totals', async (query, body) => {
    expect(await list(query)).toMatchObject({ status: 200, body });
  });

  it('returns pages of one and of a hundred', async () => {
    expect((await list('size=1&page=16')).body).toStrictEqual({
      items: all.slice(15),
      total: 16,
      page: 16,
      size: 1,
      pages: 16,
    });
    expect((await list('size=100')).body).toMatchObject({ items: all, size: 100, pages: 1 });
  });

  it('includes deleted accounts on request', async () => {
    const { body } = await list('include_deleted=true&size=100');

    expect(body.total).toBe(17);
    expect(body.items.map(({ deleted_at }: Account) => deleted_at !== null)).toEqual([...Array(16).fill(false), true]);
    expect(await list('include_deleted=false&size=100')).toMatchObject({ body: { items: all, total: 16 } });
    expect(await namesFound('deleted')).toEqual([]);
    expect(await namesFound('deleted', '&include_deleted=true')).toEqual(['Deleted']);
  });

  it('understands 1, yes and on as true', async () => {
    for (const word of ['1', 'yes', 'on', 'TRUE']) expect((await list(`include_deleted=${word}`)).body.total).toBe(17);
    for (const word of ['0', 'no', 'off']) expect((await list(`include_deleted=${word}`)).body.total).toBe(16);
  });

  it('is whole with empty parameters', async () => {
    const empty = await list('search=&sort=&page=&size=&include_deleted=');
    expect(empty.body).toStrictEqual((await list('')).body);
  });

  it.each(['offset=100&limit=1', 'q=anna', 'email=anna@example.com', 'limit='])('is not read by ?%s', async (query) => {
    const { status, body } = await list(query);

    const takes = 'which takes page, size, search, sort, include_deleted';
    expect([status, body.detail]).toEqual([400, expect.stringMatching(new RegExp(`query parameters? .*, ${takes}$`))]);
  });

  it.each([
    ['a part of a name', 'nna', ['anna', 'ANNA-Marie']],
    ['a part of an email', 'L-ANN@', ['Ann']],
    ['names and emails in one search', 'emile', ['Émile Zola', 'émile zola']],
    ['capitals', 'ANNA', ['anna', 'ANNA-Marie']],
    ['capitals with accents', 'ÉMILE', ['Émile Zola', 'émile zola']],
    ['accents of their own', 'émile'.normalize('NFD'), ['Émile Zola', 'émile zola']],
    ['another alphabet, in capitals', 'ØYVIND', ['Øyvind']],
    ['another script', '小', ['李小龍']],
    ['full width, in capitals', 'ＦＵＬＬ', ['ｆｕｌｌ ｗｉｄｔｈ']],
    ['an emoji', '🎁', ['🎁 Gift']],
    ['a domain in another script', '@EXÄMPLE.中', ['🎁 Gift']],
    ['a literal %', '%', ['100% sure']],
    ['% between letters', '100%s', []],
    ['a literal _', '_', ['snake_case']],
    ['_ between letters', 'under_score', ['snake_case']],
    ['a literal backslash', '\\', ['back\\slash']],
    ['a backslash and more', 'k\\s', ['back\\slash']],
    ['an escaped %', '\\%', []],
    ['a quote', "'", []],
    ['SQL', "' or 1=1 --", []],
    ['text with surrounding blanks', '  zola ', ['Émile Zola', 'émile zola']],
    ['nothing across a name and an email', 'ann l-ann', []],
  ])('finds %s', async (_, search, names) => {
    expect(await namesFound(search)).toEqual(names);
  });

  it('finds all accounts by an empty text and by a common part', async () => {
    for (const search of ['', '  ', 'e', '@']) expect(await namesFound(search)).toHaveLength(16);
  });

  it('pages and sorts the matches', async () => {
    const { body } = await list('search=ann&sort=-email&size=2&page=1');

    expect(body).toMatchObject({ items: [{ name: 'anna' }, { name: 'Ann' }], total: 3, page: 1, size: 2, pages: 2 });
  });

  const whole = 'must be a whole number from 1 to';
  const sorts = 'must be one of id, -id, name, -name, email, -email, created_at, -created_at';
  it.each([
    ['page=0', 'page', `${whole} 1000000000`],
    ['page=-1', 'page', `${whole} 1000000000`],
    ['page=1000000001', 'page', `${whole} 1000000000`],
    ['page=99999999999999999999', 'page', `${whole} 1000000000`],
    ['page=two', 'page', `${whole} 1000000000`],
    ['page=1&page=2', 'page', 'must be given only once'],
    ['size=0', 'size', `${whole} 100`],
    ['size=101', 'size', `${whole} 100`],
    ['size=1.5', 'size', `${whole} 100`],
    ['sort=password_hash', 'sort', sorts],
    ['sort=--id', 'sort', sorts],
    ['sort=ID', 'sort', sorts],
    ['sort=id&sort=name', 'sort', 'must be given only once'],
    ['include_deleted=maybe', 'include_deleted', 'must be one of true, 1, yes, on, false, 0, no, off'],
    ['search=%00', 'search', 'must not contain control characters'],
    [`search=${'x'.repeat(255)}`, 'search', 'must be 0 to 254 characters long'],
    ['search=a&search=b', 'search', 'must be given only once'],
  ])('is rejected with ?%s', async (query, field, message) => {
    const { status, body } = await list(query);

    expect([status, body.detail, body.errors]).toEqual([400, `${field} ${message}`, [{ field, message }]]);
  });
});

describe('the list of accounts on a PostgreSQL with a dictionary collation', () => {
  it('is in the same order as elsewhere', async () => {
    await using resources = new AsyncDisposableStack();
    const fresh = resources.use(await freshDatabase('postgres'));
    const { db } = resources.use(await openCrmDatabase(fresh));
    const name = `icu_${new URL(fresh.url).pathname.slice(1)}`;
    await sql`create database ${sql.ref(name)} template template0 locale_provider icu icu_locale 'en-US'`.execute(db);
    resources.defer(async () => void (await sql`drop database ${sql.ref(name)} with (force)`.execute(db)));
    const crm = resources.use(await startCrmOn({ ...fresh, url: fresh.url.replace(/[^/]+$/, name) }, adminKey));
    const { admin, addAccount } = await adminOf(crm);
    for (const name of ['émile', 'zoë', 'fay', 'Eve-Ann', 'evea', '_x'])
      await addAccount({ name, email: `${name}@x.org` });

    const sortedBy = async (field: string) =>
      (await admin(`GET /v1/customers?sort=${field}`)).body.items.map(({ name }: Account) => name);
    expect(await sortedBy('name')).toEqual(['_x', 'émile', 'Eve-Ann', 'evea', 'fay', 'zoë']);
    expect(await sortedBy('email')).toEqual(['_x', 'Eve-Ann', 'evea', 'fay', 'zoë', 'émile']);
  });
});
