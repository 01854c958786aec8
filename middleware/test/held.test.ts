import { databases } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { describe, expect, it } from 'vitest';
import { aCommandLine } from './a-command-line.ts';
import { aDaemon } from './a-daemon.ts';
import { fakeClock } from './fakes.ts';

const hourMs = 3_600_000;

/** A daemon whose only post was cut off by its time limit, and an Inventory that still works on it. */
async function aSlowInventory(kind: (typeof databases)[number]) {
  await using resources = new AsyncDisposableStack();
  const clock = fakeClock();
  const environment = { DELIVERY_TIMEOUT_MS: '300', DELIVERY_SETTLE_MS: String(hourMs), DELIVERY_RETRIES: '3' };
  const daemon = resources.use(await aDaemon(kind, { environment, clock }));
  daemon.inventory.gate.hold();
  daemon.addCustomer();
  await daemon.post('/poll');
  await daemon.becomes(1, 'retrying');
  const owned = resources.move();
  return { daemon, clock, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

describe.each(databases)('an Inventory without idempotency that finishes after the time limit, on %s', (kind) => {
  it('gets one post, and its late package is found', async () => {
    await using slow = await aSlowInventory(kind);
    const { daemon, clock } = slow;
    await daemon.post('/deliveries/1/replay');
    await daemon.becomes(1, 'retrying');
    daemon.inventory.gate.release();
    await eventually(() => daemon.inventory.packages.length === 1);
    clock.advance(2 * hourMs);
    await daemon.post('/poll');
    await daemon.becomes(1, 'delivered');
    expect(daemon.inventory.posts).toEqual([1]);
  });

  it('holds the delivery if it has no look-up, until a person settles it', async () => {
    await using slow = await aSlowInventory(kind);
    const { daemon, clock } = slow;
    daemon.inventory.state.isMute = true;
    clock.advance(2 * hourMs);
    await daemon.post('/poll');
    await daemon.becomes(1, 'held');
    expect((await daemon.get('/status')).deliveries).toMatchObject({ held: 1, dead: 0 });
    expect(await daemon.get('/deliveries?state=held')).toMatchObject([{ customer_id: 1 }]);
    expect((await daemon.post('/deliveries/1/settle', {})).status).toBe(400);
    const { status, body } = await daemon.post('/deliveries/1/settle', { package_id: 12 });
    expect([status, body]).toMatchObject([200, { state: 'delivered', package_id: 12, error: null }]);
    expect((await daemon.post('/deliveries/1/settle', { package_id: 13 })).status).toBe(409);
    expect((await daemon.post('/deliveries/99/settle', { package_id: 13 })).status).toBe(404);
    daemon.inventory.gate.release();
  });
});

describe.each(databases)('the command line with a held delivery, on %s', (kind) => {
  const environment = { DELIVERY_TIMEOUT_MS: '300', DELIVERY_SETTLE_MS: '1500', RETRY_SCHEDULE: '1s' };

  it('shows it, says what to do, and settles it', async () => {
    await using line = await aCommandLine(kind, { customers: 1, environment });
    line.inventory.state.isMute = true;
    line.inventory.gate.hold();
    expect((await line.run('poll')).err).toContain('The answer to a post was lost; it is looked up in');
    line.inventory.gate.release();
    expect((await line.run('status')).out).toContain('1 need a person; "deliveries --state held" lists them');
    const explained = (await line.run('explain 1')).out;
    expect(explained).toContain('held, because the answer to the post was lost at');
    expect(explained).toContain('look there for customer 1, then "replay 1" or "settle 1 --package ID"');
    expect(await line.run('settle 1')).toMatchObject({ code: 2 });
    expect(await line.run('settle 1 --package P-7')).toMatchObject({ code: 0, out: 'Customer 1 has package P-7.\n' });
    expect((await line.run('explain 1')).out).toContain('package P-7, since');
    expect(line.inventory.posts).toEqual([1]);
  });

  it('posts it again if a person says that there is no package', async () => {
    await using line = await aCommandLine(kind, { customers: 1, environment });
    line.inventory.state.isMute = true;
    line.inventory.gate.hold();
    expect((await line.run('poll')).err).toContain('The answer to a post was lost; it is looked up in');
    line.inventory.gate.release();
    await eventually(() => line.inventory.packages.length === 1);
    line.inventory.packages.pop();
    expect((await line.run('replay --held')).out).toContain('1 delivery is due again');
    await line.run('poll');
    expect(line.served()).toEqual([1]);
  });
});
