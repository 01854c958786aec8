import { EventEmitter } from 'node:events';
import { serve } from '@doorstep/kit/http/serve.ts';
import { createLogger } from '@doorstep/kit/process/logger.ts';
import { createRegistry } from '@doorstep/kit/process/metrics.ts';
import { call } from '@doorstep/kit/test/call.ts';
import { databases, type FreshDatabase, freshDatabase } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCrmConfig } from '../src/config.ts';
import { routes } from '../src/http/routes.ts';
import { aContext } from './a-context.ts';
import {
  aCustomer,
  crmEnvironment,
  openCrmDatabase,
  readFeed,
  startCrmOn,
  startTestCrm,
  type TestCrm,
} from './start.ts';

type Service = { url: string };

describe.each(databases)('adding a customer with Prefer: wait=N on %s', (kind) => {
  let crm: TestCrm;
  beforeAll(async () => {
    crm = await startTestCrm(kind);
  });
  afterAll(() => crm[Symbol.asyncDispose]());

  it('is answered when the package is created', async () => {
    const { answer, id, isAnswered } = await addAndWait(crm, 'wait=30');
    expect(isAnswered()).toBe(false);
    await report(crm, { customer_id: id, state: 'delivered', package_id: 5, attempts: 1 });

    const { status, headers, body } = await answer;

    expect(status).toBe(201);
    expect(headers.get('Preference-Applied')).toBe('wait=30');
    expect(headers.get('Location')).toBe(`/customers/${id}`);
    expect(body).toMatchObject({
      id,
      integration_status: 'Package request created successfully',
      integration: { state: 'delivered', package_id: 5 },
    });
  });

  it('is answered when the package has failed', async () => {
    const { answer, id } = await addAndWait(crm, 'wait=30');
    await report(crm, { customer_id: id, state: 'failed', attempts: 1, error: 'Inventory answered 400' });

    const { status, body } = await answer;

    expect([status, body.integration_status]).toEqual([201, 'Package request failed: Inventory answered 400']);
  });

  it('is answered when another process of the CRM gets the report', async () => {
    await using other = await startCrmOn(crm.database);
    const { answer, id } = await addAndWait(crm, 'wait=30');
    await report(other, { customer_id: id, state: 'delivered', package_id: 5, attempts: 1 });

    expect((await answer).body.integration.state).toBe('delivered');
  });

  it('is not answered by a report about another customer', async () => {
    const first = await addAndWait(crm, 'wait=30');
    const second = await addAndWait(crm, 'wait=30');
    await report(crm, { customer_id: second.id, state: 'delivered', package_id: 6, attempts: 1 });
    await second.answer;

    expect(first.isAnswered()).toBe(false);
    await report(crm, { customer_id: first.id, state: 'delivered', package_id: 5, attempts: 1 });
    expect((await first.answer).body.integration.package_id).toBe(5);
  });

  it('is answered as pending when the time is over', async () => {
    const startedAt = performance.now();

    const { status, headers, body } = await post(crm, 'wait=1');

    expect(performance.now() - startedAt).toBeGreaterThan(950);
    expect([status, headers.get('Preference-Applied')]).toEqual([201, 'wait=1']);
    expect(body.integration.state).toBe('pending');
  });

  it('waits 30 seconds at most and says so', async () => {
    const { answer, id } = await addAndWait(crm, 'wait=86400');
    await report(crm, { customer_id: id, state: 'delivered', package_id: 5, attempts: 1 });

    expect((await answer).headers.get('Preference-Applied')).toBe('wait=30');
  });

  it.each([['wait=0'], ['wait=-1'], ['wait=soon'], ['wait'], ['respond-async'], ['wait=1.5']])(
    'is answered at once for %s, as without the header',
    async (preference) => {
      const { status, headers, body } = await post(crm, preference);

      expect([status, body.integration.state]).toEqual([201, 'pending']);
      expect(headers.has('Preference-Applied')).toBe(false);
    },
  );

  it('is rejected at once if the customer is rejected', async () => {
    const { name, email } = (await post(crm, 'wait=0')).body;

    const answer = await call(crm, 'POST /customers', { body: { name, email }, headers: { Prefer: 'wait=30' } });

    expect(answer.status).toBe(409);
  });

  it('is answered as pending when the CRM stops', async () => {
    await using stopping = await startTestCrm(kind);
    const { answer } = await addAndWait(stopping, 'wait=30');

    await stopping[Symbol.asyncDispose]();

    // a wait that did not end would be cut off, unanswered, long before its 30 s are over
    expect(await answer).toMatchObject({ status: 201, body: { integration: { state: 'pending' } } });
  });

  it('leaves nothing behind when the client hangs up', async () => {
    await using database = await freshDatabase(kind);
    const integrationChanges = new EventEmitter();
    await using watched = await serveWith(database, integrationChanges);
    const client = new AbortController();
    const headers = { Prefer: 'wait=30', 'Content-Type': 'application/json' };
    const body = JSON.stringify(aCustomer());
    const request = fetch(`${watched.url}/customers`, { method: 'POST', headers, body, signal: client.signal });
    const ending = request.then(
      () => 'answered',
      (error) => error.name,
    );
    await eventually(() => integrationChanges.listenerCount('1') === 1);

    client.abort();

    expect(await ending).toBe('AbortError');
    await eventually(() => integrationChanges.eventNames().length === 0);
    expect(await readFeed(watched)).toHaveLength(1);
  });
});

function post(crm: Service, preference: string) {
  return call(crm, 'POST /customers', { body: aCustomer(), headers: { Prefer: preference } });
}

/** Returns the customer's id as soon as it is stored, while the answer is still pending. */
async function addAndWait(crm: Service, preference: string) {
  const [last] = (await readFeed(crm)).slice(-1);
  let answered = false;
  const answer = post(crm, preference).finally(() => {
    answered = true;
  });
  const added = await eventually(async () => (await readFeed(crm, last?.id ?? 0))[0] ?? false);
  return { answer, id: added.id, isAnswered: () => answered };
}

function report(crm: Service, result: object) {
  return call(crm, 'PUT /customers/integration', { body: { results: [result] } });
}

/** The CRM's routes with an emitter that the test can inspect. */
async function serveWith(database: FreshDatabase, integrationChanges: EventEmitter) {
  const config = readCrmConfig(crmEnvironment(database));
  const { db, write, close } = await openCrmDatabase(database);
  const context = aContext({ db, write }, { integrationChanges });
  const listener = await serve({
    service: 'crm-service',
    info: { title: 'CRM', description: 'under test', version: '0', tags: {} },
    config,
    context,
    routes,
    checks: {},
    logger: createLogger('crm', config.log),
    registry: createRegistry(),
    tokens: context.tokens,
  });
  return {
    url: listener.url,
    [Symbol.asyncDispose]: async () => {
      await listener.close();
      await close();
    },
  };
}
