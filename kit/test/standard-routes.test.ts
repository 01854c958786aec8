import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { anyone, aServer, route, type TestServer, thingRoutes } from './a-server.ts';
import { call } from './call.ts';
import { eventually, within } from './eventually.ts';
import { withoutDeadlines } from './without-deadlines.ts';

/** A route that answers only when the test calls `answer`. */
function aSlowRoute() {
  const asked = Promise.withResolvers<AbortSignal>();
  const answer = Promise.withResolvers<string>();
  const slow = route({
    ...anyone,
    method: 'get',
    path: '/slow',
    handler: async (_context, { signal }) => {
      asked.resolve(signal);
      return { status: 200, body: { done: await answer.promise } };
    },
  });
  return { slow, asked: asked.promise, answer: answer.resolve };
}

describe('GET /', () => {
  it('names the service, its version and its docs', async () => {
    await using server = await aServer();
    expect((await call(server, 'GET /')).body).toEqual({ message: 'Things', version: '1.2.3', docs: '/docs' });
  });
});

describe('health', () => {
  const body = { status: 'healthy', service: 'things-service', version: '1.2.3' };
  const away = async () => {
    throw new Error('connect ECONNREFUSED postgres://doorstep:hunter2@db');
  };

  it('is healthy while every check passes', async () => {
    await using server = await aServer({ checks: { database: async () => undefined, bucket: async () => undefined } });
    const health = await call(server, 'GET /health');
    expect([health.status, health.body]).toEqual([200, { ...body, checks: { database: 'ok', bucket: 'ok' } }]);
    const ready = await call(server, 'GET /readyz');
    expect([ready.status, ready.body]).toEqual([
      200,
      { ...body, checks: { database: 'ok', bucket: 'ok', shutdown: 'ok' } },
    ]);
  });

  it('is 503 with Retry-After if a check fails, and shows no internals', async () => {
    await using server = await aServer({ checks: { database: away, bucket: async () => undefined } });
    for (const path of ['/health', '/readyz']) {
      const { status, headers, body: told } = await call(server, `GET ${path}`);
      expect([status, told.status, told.checks.database, told.checks.bucket]).toEqual([
        503,
        'unhealthy',
        'failing',
        'ok',
      ]);
      expect(Number(headers.get('Retry-After'))).toBeGreaterThan(0);
      expect(JSON.stringify(told)).not.toContain('hunter2');
    }
  });

  it('checks only the process on /livez', async () => {
    await using server = await aServer({ checks: { database: away } });
    const { status, body: told } = await call(server, 'GET /livez');
    expect([status, told]).toEqual([200, { ...body, checks: {} }]);
  });
});

describe('a server that is closing', () => {
  it('finishes requests under way, is not ready, and accepts no new connections', async () => {
    const { slow, asked, answer } = aSlowRoute();
    await using server = await aServer({ routes: [slow] });
    const waiting = call(server, 'GET /slow');
    const signal = await asked;
    const spare = connect(Number(new URL(server.url).port), '127.0.0.1');
    await once(spare, 'connect');
    // half a request, so that the server has the connection and it is not idle
    spare.write('GET /readyz HTTP/1.1\r\nHost: localhost\r\n');
    await call(server, 'GET /livez');

    const closing = server.close();
    expect(signal.aborted).toBe(true);
    spare.write('\r\n');
    const ready = await text(spare);
    expect(ready).toMatch(/^HTTP\/1\.1 503 /);
    expect(ready).toMatch(/^Connection: close\r$/im);
    expect(ready).toContain('"shutdown":"begun"');
    await expect(call(server, 'GET /livez')).rejects.toThrow();
    answer('yes');
    const { status, body } = await waiting;
    expect([status, body]).toEqual([200, { done: 'yes' }]);
    await closing;
  });

  it('does not wait for idle connections', async () => {
    const server = await aServer({ routes: thingRoutes });
    await call(server, 'GET /things'); // fetch keeps its connection
    withoutDeadlines();
    await within('the end of the server', server.close());
  });
});

describe('a request', () => {
  it('whose client disconnects aborts its signal, and is counted as 499', async () => {
    const { slow, asked, answer } = aSlowRoute();
    await using server = await aServer({ routes: [slow] });
    const client = new AbortController();
    const gone = fetch(`${server.url}/slow`, { signal: client.signal }).catch(() => 'gone');
    const signal = await asked;
    expect(signal.aborted).toBe(false);
    client.abort();
    await gone;
    await eventually(() => signal.aborted);
    answer('to nobody');
    expect((await call(server, 'GET /livez')).status).toBe(200);
    const counted = { 'method="GET",route="/slow",status="499"': 1 };
    await eventually(async () => expect(await samples(server, 'request_count')).toMatchObject(counted));
  });
});

/** The samples of a metric, by their labels. */
async function samples(server: TestServer, name: string): Promise<Record<string, number>> {
  const { body } = await call(server, 'GET /metrics');
  const lines = String(body).matchAll(new RegExp(`^${name}\\{(.*)\\} (\\S+)$`, 'gm'));
  return Object.fromEntries([...lines].map(([, labels, value]) => [labels, Number(value)]));
}

describe('metrics', () => {
  it('are Prometheus text and include process metrics', async () => {
    await using server = await aServer();
    const { headers, body } = await call(server, 'GET /metrics');
    expect(headers.get('Content-Type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(body).toMatch(/^# TYPE request_count counter$/m);
    expect(body).toMatch(/^# TYPE request_latency_seconds histogram$/m);
    expect(body).toMatch(/^process_cpu_seconds_total \S+$/m);
  });

  it('count requests by method, route template and status', async () => {
    await using server = await aServer({ routes: thingRoutes });
    const requests = [
      'GET /things/1',
      'GET /things/2',
      'GET /things/9',
      'DELETE /things/1',
      'POST /things',
      'GET /things/%zz',
    ];
    for (const request of requests) await call(server, request, request.startsWith('POST') ? { body: {} } : {});
    const expected = {
      'method="GET",route="/things/{id}",status="200"': 2,
      'method="GET",route="/things/{id}",status="404"': 1,
      'method="DELETE",route="/things/{id}",status="204"': 1,
      'method="POST",route="/things",status="400"': 1,
    };
    await eventually(async () => expect(await samples(server, 'request_count')).toMatchObject(expected));
    const observed = await samples(server, 'request_latency_seconds_count');
    expect(observed).toMatchObject(expected);
    const seconds = await samples(server, 'request_latency_seconds_sum');
    for (const labels of Object.keys(expected)) expect(seconds[labels]).toBeGreaterThan(0);
  });

  it('count all unknown paths under one label', async () => {
    await using server = await aServer({ routes: thingRoutes });
    for (const path of ['/secret-1', '/secret-2', '/docs/secret-3', '/things/%zz', '/secret%0a4'])
      await call(server, `GET ${path}`);
    await call(server, 'GET /secret-5', { headers: { 'X-Request-Id': 'secret-6' } });
    await eventually(async () => {
      const none = Object.entries(await samples(server, 'request_count')).filter(([labels]) =>
        labels.includes('route="none"'),
      );
      expect(none.reduce((sum, [, count]) => sum + count, 0)).toBeGreaterThanOrEqual(4);
    });
    const { body } = await call(server, 'GET /metrics');
    expect(body).not.toContain('secret');
    expect(body).not.toContain('%zz');
  });

  it('are separate for each server in one process', async () => {
    await using one = await aServer({ routes: thingRoutes });
    await using two = await aServer({ routes: thingRoutes });
    await call(one, 'GET /things/1');
    await eventually(async () =>
      expect(Object.keys(await samples(one, 'request_count')).join()).toContain('/things/{id}'),
    );
    expect(Object.keys(await samples(two, 'request_count')).join()).not.toContain('/things/{id}');
  });
});
