import { call } from '@doorstep/kit/test/call.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { describe, expect, it } from 'vitest';
import { expectOnePackageEach, linesOf, memoryPeakMb, startMiddleware, tooLarge } from './a-daemon-of-broken-peers.ts';
import { type BehaviourName, type PeerRequest, playCrm, playInventory } from './broken-peer.ts';

const isFeed = ({ method }: PeerRequest) => method === 'GET';
const isReport = ({ method }: PeerRequest) => method === 'PUT';

describe.concurrent('a middleware with a broken peer', () => {
  // the two longest start first: a call to the CRM times out after ten seconds, twice before the log line
  it('keeps polling a CRM that never answers, and logs it once', async () => {
    await using crm = await playCrm(2);
    await using inventory = await playInventory();
    crm.breaks('never answers', isFeed);
    await using middleware = await startMiddleware({ crm, inventory });
    await eventually(() => linesOf(middleware, /CRM did not answer in time/).length === 1);
    await crm.recovers();
    await expectOnePackageEach(2, inventory, middleware);
    expect(linesOf(middleware, /CRM did not answer in time/)).toHaveLength(1);
  });

  it('times out on a CRM that answers a byte at a time', async () => {
    await using crm = await playCrm(2);
    await using inventory = await playInventory();
    crm.breaks('answers a byte at a time', isFeed);
    await using middleware = await startMiddleware({ crm, inventory });
    await eventually(() => crm.requests.length > 0);
    await crm.recovers();
    await expectOnePackageEach(2, inventory, middleware);
  });

  it.each<[BehaviourName, RegExp, number?]>([
    ['resets the connection', /CRM .*ECONNRESET/],
    ['closes the connection in mid-answer', /CRM (broke off|closed|cut)/],
    ['answers in HTML', /CRM answered with something that is not a list/],
    ['answers with no list', /CRM answered with something that is not a list/, 6],
  ])('keeps polling a CRM that %s, and logs it once', async (name, says, requestsMin = 4) => {
    await using crm = await playCrm(2);
    await using inventory = await playInventory();
    crm.breaks(name, isFeed);
    await using middleware = await startMiddleware({ crm, inventory });
    await eventually(() => crm.requests.length >= requestsMin);
    expect((await call(middleware, 'GET /status')).body.last_poll.outcome).toBe('failed');
    await crm.recovers();
    await expectOnePackageEach(2, inventory, middleware);
    expect(linesOf(middleware, says)).toHaveLength(1);
    expect(linesOf(middleware, /polling works again/)).toHaveLength(1);
  });

  it('keeps polling a CRM that refuses connections, and logs it once', async () => {
    await using crm = await playCrm(2);
    await using inventory = await playInventory();
    await crm.refuses();
    await using middleware = await startMiddleware({ crm, inventory });
    await eventually(() => linesOf(middleware, /CRM .*ECONNREFUSED/).length === 1);
    await crm.recovers();
    await expectOnePackageEach(2, inventory, middleware);
    expect(linesOf(middleware, /CRM .*ECONNREFUSED/)).toHaveLength(1);
  });

  it('reads a bounded part of an endless answer of the CRM', async () => {
    await using crm = await playCrm(2);
    await using inventory = await playInventory();
    crm.breaks('answers without end', isFeed);
    await using middleware = await startMiddleware({ crm, inventory });
    await eventually(() => linesOf(middleware, tooLarge).length === 1);
    await crm.recovers();
    await expectOnePackageEach(2, inventory, middleware);
    expect(memoryPeakMb(middleware)).toBeLessThan(700);
  });

  it('delivers to every customer of a CRM that also lists entries that are not customers', async () => {
    await using crm = await playCrm(2);
    await using inventory = await playInventory();
    crm.breaks('lists what are no customers too', isFeed);
    await using middleware = await startMiddleware({ crm, inventory });
    await expectOnePackageEach(2, inventory, middleware);
    expect(linesOf(middleware, /the CRM lists .*\bid\b/)).not.toEqual([]);
  });

  it('loses no customer of a CRM that answers in HTML whenever there is a customer to list', async () => {
    await using crm = await playCrm(2);
    await using inventory = await playInventory();
    crm.breaks('answers in HTML', (request) => isFeed(request) && Number(request.url.searchParams.get('after')) < 2);
    await using middleware = await startMiddleware({ crm, inventory });
    await eventually(async () => (await call(middleware, 'GET /status')).body.last_poll !== null);
    await crm.recovers();
    await expectOnePackageEach(2, inventory, middleware);
  });

  it('delivers on time while the CRM leaves reports unanswered, and reports later', async () => {
    await using crm = await playCrm(1);
    await using inventory = await playInventory();
    crm.breaks('never answers', isReport);
    await using middleware = await startMiddleware({ crm, inventory });
    await eventually(() => crm.requests.some(isReport));
    crm.add();
    const reportedAt = performance.now();
    await eventually(() => inventory.owners().includes(2));
    // a report times out after ten seconds
    expect(performance.now() - reportedAt).toBeLessThan(9_000);
    await crm.refuses();
    await crm.recovers();
    await expectOnePackageEach(2, inventory, middleware);
    await eventually(() => [1, 2].every((id) => crm.reports.some(({ customer_id }) => customer_id === id)));
  });
});
