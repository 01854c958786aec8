import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { describe, expect, it } from 'vitest';
import { aDaemon } from './a-daemon.ts';

/** Counts the requests that arrive at servers of this process. */
function countRequests(path: string) {
  let count = 0;
  const onRequest = (message: unknown) => {
    if ((message as { request: IncomingMessage }).request.url === path) count += 1;
  };
  subscribe('http.server.request.start', onRequest);
  return {
    count: () => count,
    [Symbol.dispose]: () => void unsubscribe('http.server.request.start', onRequest),
  };
}

describe.each(databases)('POST /poll on %s', (kind) => {
  it('polls at once, and returns the result of this poll', async () => {
    await using daemon = await aDaemon(kind);
    const asked = new Date().toISOString();
    for (const _ of [1, 2]) daemon.addCustomer();

    const found = await daemon.post('/poll');
    const idle = await daemon.post('/poll');

    expect([found.status, found.body]).toEqual([200, { at: expect.any(String), outcome: 'found', seen: 2 }]);
    expect(found.body.at >= asked).toBe(true);
    expect([idle.status, idle.body]).toEqual([200, { at: expect.any(String), outcome: 'idle', seen: 0 }]);
    expect((await daemon.get('/status')).last_poll).toEqual(idle.body);
    await daemon.becomes(2, 'delivered');
  });

  it('returns the reason of a failed poll', async () => {
    await using daemon = await aDaemon(kind);
    daemon.crm.state.isDown = true;
    const { status, body } = await daemon.post('/poll');
    expect([status, body]).toEqual([
      200,
      { at: expect.any(String), outcome: 'failed', seen: 0, reason: 'CRM answered 503' },
    ]);
  });

  it('sees a customer that was added during another poll, also for several concurrent requests', async () => {
    await using daemon = await aDaemon(kind);
    daemon.crm.gate.hold();
    const first = daemon.post('/poll');
    await eventually(() => daemon.crm.gate.waiting() === 1);
    const id = daemon.addCustomer();
    using arrivals = countRequests('/poll');
    const others = [daemon.post('/poll'), daemon.post('/poll')];
    await eventually(() => arrivals.count() === others.length);
    daemon.crm.gate.release();

    expect((await first).body).toMatchObject({ outcome: 'idle', seen: 0 });
    for (const { body } of await Promise.all(others)) expect(body).toMatchObject({ outcome: 'found', seen: 1 });
    await daemon.becomes(id, 'delivered');
  });

  it('answers while the new deliveries are in progress', async () => {
    await using daemon = await aDaemon(kind);
    daemon.inventory.gate.hold();
    const id = daemon.addCustomer();
    expect((await daemon.post('/poll')).body).toMatchObject({ outcome: 'found', seen: 1 });
    expect(await daemon.stateOf(id)).toBe('pending');
    daemon.inventory.gate.release();
    await daemon.becomes(id, 'delivered');
  });
});

describe('a daemon that finishes its deliveries before it stops', () => {
  /** The answer to a request while the daemon waits for its last delivery. */
  async function askWhileItStops(request: string) {
    await using daemon = await aDaemon('sqlite');
    daemon.inventory.gate.hold();
    daemon.addCustomer();
    await daemon.post('/poll');
    await eventually(() => daemon.inventory.gate.waiting() === 1);
    const stopping = daemon[Symbol.asyncDispose]();
    daemon.addCustomer();
    const { status, body } = await call(daemon, request);
    daemon.inventory.gate.release();
    await stopping;
    return { status, body };
  }

  it('is no longer ready', async () => {
    expect(await askWhileItStops('GET /readyz')).toMatchObject({
      status: 503,
      body: { checks: { shutdown: 'begun' } },
    });
  });

  it('refuses to poll instead of returning an earlier result', async () => {
    expect((await askWhileItStops('POST /poll')).status).toBe(503);
  });
});
