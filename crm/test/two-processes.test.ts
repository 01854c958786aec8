import { call } from '@doorstep/kit/test/call.ts';
import { databases, type FreshDatabase, freshDatabase } from '@doorstep/kit/test/databases.ts';
import { type SpawnedService, spawnService } from '@doorstep/kit/test/spawn-service.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aCustomer, addCustomer, crmEnvironment, openCrmDatabase } from './start.ts';

describe.each(databases)('two processes of the CRM that start at once on %s', (kind) => {
  const resources = new AsyncDisposableStack();
  let database: FreshDatabase;
  let one: SpawnedService;
  let other: SpawnedService;
  beforeAll(async () => {
    database = resources.use(await freshDatabase(kind));
    const environment = crmEnvironment(database, { ADMIN_PASSWORD: '', LOG_LEVEL: 'info' });
    const start = async () => resources.use(await spawnService('crm', environment));
    [one, other] = await Promise.all([start(), start()]);
  });
  afterAll(() => resources.disposeAsync());

  it('create one admin, and one of them shows the password', async () => {
    const shown = (one.output() + other.output()).matchAll(
      /Admin created: username (\S+), password (\S+) \(shown only once\)/g,
    );
    const [[, username, password = ''] = [], ...others] = shown;

    const logIn = (crm: SpawnedService) => call(crm, 'POST /v1/auth/login', { body: { username, password } });

    expect(others).toEqual([]);
    expect([(await logIn(one)).status, (await logIn(other)).status]).toEqual([200, 200]);
    await using opened = await openCrmDatabase(database);
    const admins = await opened.db.selectFrom('admins').selectAll().execute();
    expect(admins).toMatchObject([
      { username: 'admin', password_hash: expect.stringMatching(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/) },
    ]);
    expect(JSON.stringify(admins)).not.toContain(password);
  });

  it('create one customer when both get the same email at once', async () => {
    const given = aCustomer();
    const requests = Array.from({ length: 40 }, (_, index) =>
      call(index % 2 ? one : other, 'POST /customers', { body: given }),
    );

    const answers = await Promise.all(requests);

    const [added, ...others] = answers.filter(({ status }) => status === 201);
    expect(others).toEqual([]);
    const refused = answers.filter(({ status }) => status === 409);
    expect(refused.map(({ body }) => body.existing_id)).toEqual(Array(39).fill(added?.body.id));
  });

  it('never show an id below one that a reader has seen while both add customers', async () => {
    const { id: before } = await addCustomer(one);
    const read = readContinuously(one, before);

    const writers = Array.from({ length: 50 }, (_, index) => addMany(index % 2 ? one : other, 4));
    const added = (await Promise.all(writers)).flat();

    const seen = await read.untilId(Math.max(...added));
    expect(seen).toEqual(added.sort((a, b) => a - b));
  });
});

async function addMany(crm: { url: string }, count: number): Promise<number[]> {
  const ids: number[] = [];
  while (ids.length < count) ids.push((await addCustomer(crm)).id);
  return ids;
}

/** Polls like the middleware but without a pause: reads after the highest id seen so far. */
function readContinuously(crm: { url: string }, after: number) {
  const seen: number[] = [];
  let lastId = Number.POSITIVE_INFINITY;
  const reading = (async () => {
    for (let id = after; id < lastId; id = seen.at(-1) ?? after) {
      const { body } = await call(crm, `GET /customers?after=${id}`);
      seen.push(...body.map((customer: { id: number }) => customer.id));
    }
  })();
  return {
    /** Reads until this id appears and returns all ids seen. */
    untilId: async (id: number) => {
      lastId = id;
      await reading;
      return seen;
    },
  };
}
