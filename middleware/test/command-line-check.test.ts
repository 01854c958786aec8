import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { aCommandLine } from './a-command-line.ts';
import { type Answers, startAnswers } from './some-answers.ts';

const customers = [
  { id: 7, name: 'Alice', created_at: '2026-01-01T00:00:00.000Z' },
  { id: 8, full_name: 'Bob' },
  { id: -1, name: 'Carol' },
];
const good: Answers = {
  'GET /customers': [200, { items: customers, total: 60 }],
  'GET /': [200, { message: 'Inventory', idempotency: 'permanent' }],
  'GET /packages': [200, { data: [] }],
};

/** The command between a CRM and an Inventory that give these answers, before the first start of a daemon. */
async function aCheck(answers: Answers, environment: Record<string, string> = {}) {
  await using resources = new AsyncDisposableStack();
  const neighbours = resources.use(await startAnswers(answers));
  const line = resources.use(await aCommandLine('sqlite'));
  const ledger = join(line.settings.DATA_DIR, 'later', 'middleware.db');
  const urls = { CRM_SERVICE_URL: neighbours.url, INVENTORY_SERVICE_URL: neighbours.url, DATABASE_URL: ledger };
  const running = resources.move();
  return {
    ...neighbours,
    ledger,
    run: (words = 'check') => line.run(words, { ...urls, ...environment }),
    spawn: () => line.spawn('check', { ...urls, ...environment }),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

describe('check', () => {
  it('shows what it understood of both, and what it would send', async () => {
    await using check = await aCheck(good, { INVENTORY_TOKEN: 'secret-token' });
    const { code, out, err } = await check.run();
    expect([code, err]).toEqual([0, '']);
    for (const part of [
      `CRM ${check.url}`,
      '3 entries on the first page; it says that there are 60 in all; more may follow',
      '7   Alice  2026-01-01T00:00:00.000Z',
      '1 without a usable name; the first entry has the fields id, name, created_at',
      'an entry with the id -1; an id is a positive integer or a text of 1 to 100 visible characters: {"id":-1,"name":"Carol"}',
      'GET /: idempotency permanent',
      'GET /packages?customerId=7: a list of 0',
      `POST ${check.url}/packages`,
      'Idempotency-Key: welcome-7',
      'Authorization: Bearer (not shown)',
      '{"customerId":7,"customerName":"Alice","packageType":"welcome_pack_v1"}',
      'Deliveries can start.',
    ]) {
      expect(out).toContain(part);
    }
    expect(out).not.toContain('secret-token');
  });

  it('posts nothing, reads one page, and creates no ledger', async () => {
    await using check = await aCheck(good);
    expect((await check.spawn()).code).toBe(0);
    expect(check.asked).toEqual(['GET /customers', 'GET /packages', 'GET /']);
    expect(existsSync(check.ledger)).toBe(false);
    expect(readdirSync(join(check.ledger, '../..'))).not.toContain('later');
  });

  it('prints JSON for scripts', async () => {
    await using check = await aCheck(good);
    const { code, out } = await check.run('check --json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      ready: true,
      reason: null,
      crm: { entries: 3, total: 60, more: true, customers: [{ id: 7 }, { id: 8 }], without_name: 1 },
      inventory: { root: { status: 200, idempotency: 'permanent' }, packages: { status: 200, packages: 0 } },
      would_send: { method: 'POST', body: { customerId: 7 } },
    });
  });

  it('follows a redirect to the same host', async () => {
    await using check = await aCheck({
      ...good,
      'GET /customers': [308, {}, { Location: '/v2/customers' }],
      'GET /v2/customers': [200, customers],
    });
    expect((await check.run()).code).toBe(0);
  });

  it('says that deliveries can start without customers, and at an Inventory that cannot be asked', async () => {
    await using check = await aCheck({ ...good, 'GET /customers': [200, []], 'GET /packages': [405, {}] });
    const { code, out } = await check.run();
    expect(code).toBe(0);
    expect(out).toContain('0 entries');
    expect(out).toContain('It cannot be asked which packages there are');
  });

  it.each<[string, Answers, string]>([
    [
      'names are elsewhere',
      { 'GET /customers': [200, [{ id: 1, full_name: 'Alice' }]] },
      'the CRM shows no name for this customer: expected is a text `name`; the record has id, full_name',
    ],
    ['there is no list', { 'GET /customers': [200, { rows: [] }] }, 'not a list: an object with the fields rows'],
    ['the CRM is down', { 'GET /customers': [503, {}] }, 'CRM answered 503'],
    ['the token is wrong', { 'GET /packages': [401, {}] }, 'Inventory answered 401; set INVENTORY_TOKEN'],
    ['the Inventory is down', { 'GET /packages': [503, {}] }, 'Inventory answered 503'],
    ['the address is wrong', { 'GET /packages': [404, {}], 'GET /': [404, {}] }, 'is INVENTORY_SERVICE_URL right?'],
  ])('exits with 1 and says why deliveries cannot start if %s', async (_why, answers, reason) => {
    await using check = await aCheck({ ...good, ...answers });
    const { code, err } = await check.run();
    expect(code).toBe(1);
    expect(err).toMatch(/^Deliveries cannot start: [^\n]+\.\n$/);
    expect(err).toContain(reason);
    expect(JSON.parse((await check.run('check --json')).out)).toMatchObject({ ready: false });
  });

  it('exits with 1 if nothing listens at the Inventory', async () => {
    await using check = await aCheck(good, { INVENTORY_SERVICE_URL: 'http://127.0.0.1:1' });
    expect(await check.run()).toMatchObject({ code: 1, err: expect.stringContaining('ECONNREFUSED') });
  });

  it('works while the daemon runs', async () => {
    await using line = await aCommandLine('sqlite', { customers: 1 });
    await using _daemon = await line.startDaemon();
    expect(await line.run('check')).toMatchObject({
      code: 0,
      out: expect.stringContaining('Idempotency-Key: welcome-1'),
    });
    expect(line.inventory.posts).toHaveLength(1);
  });
});
