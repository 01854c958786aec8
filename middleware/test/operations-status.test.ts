import { databases } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { describe, expect, it } from 'vitest';
import { aDaemon } from './a-daemon.ts';
import { fakeClock } from './fakes.ts';
import { noExceptions } from './two-sides.ts';

describe.each(databases)('GET /status on %s', (kind) => {
  it('returns the state of the daemon from the first poll on', async () => {
    await using daemon = await aDaemon(kind);
    expect(await daemon.get('/status')).toEqual({
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      breaker: 'closed',
      paused: false,
      pause: null,
      cursor: 0,
      last_poll: { at: expect.any(String), outcome: 'idle', seen: 0 },
      crm_list: null,
      deliveries: { pending: 0, retrying: 0, delivered: 0, dead: 0, held: 0, skipped: 0 },
      oldest_pending_seconds: null,
      quarantined: 0,
      reconciliation: null,
    });
  });

  it('returns the number of deliveries in each state, and how long the oldest has waited', async () => {
    const clock = fakeClock();
    await using daemon = await aDaemon(kind, { clock, environment: { RETRY_SCHEDULE: '1h' } });
    daemon.inventory.refusals.set(2, 410).set(3, 503);
    for (const _ of [1, 2, 3]) daemon.addCustomer();
    await daemon.post('/poll');
    await eventually(async () => (await daemon.get('/status')).deliveries.pending === 0);
    clock.advance(90_000);
    await daemon.post('/pause', { reason: 'the Inventory is moved' });
    daemon.addCustomer();
    await daemon.post('/poll');
    expect(await daemon.get('/status')).toMatchObject({
      paused: true,
      pause: { since: clock.now().toISOString(), by: 'operator', reason: 'the Inventory is moved' },
      cursor: 4,
      deliveries: { pending: 1, retrying: 1, delivered: 1, dead: 1 },
      oldest_pending_seconds: 90,
    });
  });

  it('counts the wait of a replayed delivery from its replay', async () => {
    const clock = fakeClock();
    await using daemon = await aDaemon(kind, { clock, customers: 1 });
    await daemon.becomes(1, 'delivered');
    await daemon.post('/pause');
    clock.advance(30 * 86_400_000);
    await daemon.post('/deliveries/1/replay');
    clock.advance(5_000);
    expect((await daemon.get('/status')).oldest_pending_seconds).toBe(5);
  });

  it('shows the breaker as open, half-open during a probe, and closed after a good probe', async () => {
    await using daemon = await aDaemon(kind, { environment: { RETRY_SCHEDULE: '1h' } });
    const ids = Array.from({ length: 6 }, () => daemon.addCustomer());
    for (const id of ids) daemon.inventory.refusals.set(id, 503);
    await daemon.post('/poll');
    await eventually(async () => (await daemon.get('/status')).breaker === 'open');

    daemon.inventory.refusals.clear();
    daemon.inventory.gate.hold();
    await daemon.post('/poll');
    await eventually(() => daemon.inventory.gate.waiting() === 1);
    expect((await daemon.get('/status')).breaker).toBe('half-open');
    daemon.inventory.gate.release();

    for (const id of ids) await daemon.becomes(id, 'delivered');
    expect((await daemon.get('/status')).breaker).toBe('closed');
  });

  it('returns the result of the last reconciliation', async () => {
    const environment = { RECONCILE_CRON: '* * * * * *' };
    await using daemon = await aDaemon(kind, { environment, customers: 2 });
    const isProven = async (proven: boolean) => {
      return eventually(async () => (await daemon.get('/status')).reconciliation?.proven === proven);
    };
    await isProven(true);
    expect((await daemon.get('/status')).reconciliation).toEqual({
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      duration_ms: expect.any(Number),
      customers: 2,
      packages: 2,
      matched: 2,
      on_their_way: 0,
      held: 0,
      skipped: 0,
      other_types: 0,
      types: [],
      unseen: 0,
      departed: 0,
      other_sources: 0,
      exceptions: noExceptions,
      proven: true,
    });
    daemon.inventory.packages.push({ id: 9, customerId: 2, customerName: 'Bob', packageType: 'welcome_pack_v1' });
    await isProven(false);
    expect((await daemon.get('/status')).reconciliation).toMatchObject({
      packages: 3,
      matched: 1,
      exceptions: { ...noExceptions, double: 1 },
    });
  });
});
