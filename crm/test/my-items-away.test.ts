import { blipRetry } from '@doorstep/kit/client/http-client.ts';
import { type Answer, call } from '@doorstep/kit/test/call.ts';
import { freshDatabase } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { spawnService } from '@doorstep/kit/test/spawn-service.ts';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { askAs, type CrmWithItems, itemsKey, startCrmWithItems } from './a-crm-with-items.ts';
import { anInventory, faultNames } from './an-inventory.ts';
import { addCustomer, crmEnvironment } from './start.ts';

const detail = 'The Inventory is not available at the moment';
const problem = { type: 'about:blank', title: 'Service Unavailable', status: 503, detail, error: detail };

function expectRefused({ status, headers, body }: Answer): void {
  expect([status, body]).toStrictEqual([503, problem]);
  expect(headers.get('Content-Type')).toMatch(/^application\/problem\+json/);
  expect(headers.get('Retry-After')).toMatch(/^[1-9]\d?$/);
}

describe('my items with an Inventory that', () => {
  let crm: CrmWithItems;
  beforeAll(async () => {
    crm = await startCrmWithItems();
  });
  afterAll(() => crm[Symbol.asyncDispose]());
  beforeEach(() => crm.recover());

  /** Each call fails after one attempt. */
  const failTimes = async (times: number) => {
    crm.inventory.fail('answers 401');
    for (let time = 0; time < times; time += 1) expectRefused(await crm.ask());
  };
  const asked = () => crm.inventory.takeRequests().length;

  it.each(faultNames)('%s are answered with 503, and well once it is well', async (fault) => {
    crm.inventory.fail(fault);

    const answers = await Promise.all(['', '/1', '/search/?name=Tea'].map((rest) => crm.ask(rest)));

    for (const answer of answers) expectRefused(answer);
    await crm.inventory.recover();
    expect(await crm.ask()).toMatchObject({ status: 200, body: { total: 3 } });
  });

  it('never answers keep a customer waiting for at most three seconds', async () => {
    crm.inventory.fail('never answers');
    using limits = vi.spyOn(AbortSignal, 'timeout');

    expectRefused(await crm.ask());

    // each try has its own limit, and a wait before the next one
    const waitsMs = limits.mock.calls.map(([ms]) => ms + blipRetry.retryDelay());
    expect(waitsMs).toHaveLength(2);
    expect(waitsMs.reduce((sum, ms) => sum + ms)).toBeLessThanOrEqual(3_000);
  });

  it('is not there are answered with 503, and well once it is', async () => {
    await crm.inventory.goAway();

    for (const rest of ['', '/1', '/search/']) expectRefused(await crm.ask(rest));
    await crm.inventory.recover();
    expect(await crm.ask()).toMatchObject({ status: 200, body: { total: 3 } });
  });

  it.each(['never answers', 'resets the connection', 'closes the connection in mid-answer', 'answers 500'] as const)(
    '%s once are answered on the second attempt',
    async (fault) => {
      crm.inventory.fail(fault, 1);

      expect(await crm.ask()).toMatchObject({ status: 200, body: { total: 3 } });
      expect(asked()).toBe(2);
    },
  );

  it.each(['answers 401', 'answers in HTML', 'answers null'] as const)('%s are not retried', async (fault) => {
    crm.inventory.fail(fault, 1);

    expect((await crm.ask()).status).toBe(503);
    expect(asked()).toBe(1);
  });

  it('failed five times in a row answer at once for five seconds without calling it', async () => {
    await failTimes(5);
    expect(asked()).toBe(5);
    await crm.inventory.recover();

    crm.advance(4_999);
    for (const rest of ['', '/1', '/search/']) expectRefused(await crm.ask(rest));
    expect(asked()).toBe(0);
    crm.advance(1);
    expect((await crm.ask()).status).toBe(200);
    expect((await crm.ask()).status).toBe(200);
  });

  it('failed four times and then succeeded are requested as before', async () => {
    await failTimes(4);
    await crm.inventory.recover();
    expect((await crm.ask()).status).toBe(200);
    await failTimes(4);
    await crm.inventory.recover();

    expect((await crm.ask()).status).toBe(200);
  });

  it('opened the breaker send one probe, while all other requests answer at once', async () => {
    await failTimes(5);
    asked();
    crm.inventory.fail('never answers');
    crm.advance(5_000);

    const probe = crm.ask();
    await eventually(() => asked() === 1);
    const others = await Promise.all(Array.from({ length: 20 }, () => crm.ask()));

    for (const other of others) expectRefused(other);
    expectRefused(await probe);
    expect(asked()).toBe(1); // the second try of the probe
    await crm.inventory.recover();
    expect((await crm.ask()).status).toBe(503);
    crm.advance(5_000);
    expect((await crm.ask()).status).toBe(200);
  });

  it('never answers do not delay other requests', async () => {
    // those that hang are refused after two seconds; a slow machine gets as many tries as it needs to be faster
    await eventually(async () => {
      await crm.recover();
      crm.inventory.fail('never answers');
      let refused = 0;
      const hanging = Array.from({ length: 50 }, async (_, index) => {
        expectRefused(await crm.ask(index % 2 ? '' : '/1'));
        refused += 1;
      });
      await eventually(() => crm.inventory.requestCount() >= 20);

      const other = await call(crm, 'GET /customers');
      const { id } = await addCustomer(crm);
      const health = await call(crm, 'GET /readyz');
      const refusedBefore = refused;

      await Promise.all(hanging);
      expect(refusedBefore).toBe(0);
      expect([other.status, health.status, id > crm.bob.id]).toEqual([200, 200, true]);
    });
  });
});

describe('the log', () => {
  /** What a separate CRM logs about the Inventory at `url` while `use` sends requests. */
  const linesOf = async (url: string, use: (ask: () => Promise<Answer>) => Promise<void>) => {
    await using database = await freshDatabase('sqlite');
    const environment = { ...itemsKey, INVENTORY_SERVICE_URL: url, LOG_LEVEL: 'info' };
    await using crm = await spawnService('crm', crmEnvironment(database, environment));
    const alice = await addCustomer(crm);
    await use(() => askAs(crm, alice));
    await crm.end('SIGTERM');
    expect(crm.output()).not.toMatch(/eyJ/);
    return crm
      .output()
      .split('\n')
      .filter((line) => /Inventory (answer|cannot|gave|broke)/.test(line));
  };
  const away = (reason: string) =>
    expect.stringMatching(new RegExp(`WARN Inventory ${reason}.*; the my-items routes answer 503 until it is back$`));

  it('says once that the Inventory is down and why, and once that it is back', async () => {
    await using inventory = await anInventory(itemsKey.JWT_SECRET_KEY);

    const lines = await linesOf(inventory.url, async (ask) => {
      for (let outage = 0; outage < 2; outage += 1) {
        inventory.fail('answers 500');
        for (let time = 0; time < 3; time += 1) await ask();
        await inventory.recover();
        for (let time = 0; time < 3; time += 1) await ask();
      }
    });

    const back = expect.stringMatching(/the Inventory answers again after /);
    expect(lines).toEqual([away('answered 500'), back, away('answered 500'), back]);
  });

  it('says once that the address has no such route', async () => {
    await using inventory = await anInventory(itemsKey.JWT_SECRET_KEY);

    const lines = await linesOf(`${inventory.url}/elsewhere`, async (ask) => {
      for (let time = 0; time < 3; time += 1) expect((await ask()).status).toBe(503);
    });

    expect(lines).toEqual([away('answered 404: .*; is INVENTORY_SERVICE_URL right\\?')]);
  });
});
