import { type DatabaseKind, databases } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { describe, expect, it } from 'vitest';
import { aDaemon, type Daemon, idsOf } from './a-daemon.ts';
import { fakeClock } from './fakes.ts';

describe.each(databases)('replaying on %s', (kind) => {
  it('redelivers a dead delivery under the current name in the CRM, and keeps every attempt', async () => {
    await using daemon = await aDaemon(kind);
    const { crm, inventory } = daemon;
    const id = daemon.addCustomer();
    inventory.refusals.set(id, 410);
    await daemon.post('/poll');
    await daemon.becomes(id, 'dead');
    inventory.refusals.clear();
    crm.customers[0] = { id, name: 'Renamed' };

    const { status, body } = await daemon.post(`/deliveries/${id}/replay`);

    expect([status, body]).toMatchObject([200, { customer_id: id, state: 'pending', attempts: 1, package_id: null }]);
    expect(body.history).toMatchObject([{ status: 410, error: 'Inventory answered 410: not now' }]);
    expect(Date.parse(body.next_attempt_at)).toBeLessThanOrEqual(Date.now());
    await daemon.becomes(id, 'delivered');
    expect(await daemon.get(`/deliveries/${id}`)).toMatchObject({
      customer_name: 'Renamed',
      attempts: 2,
      package_id: 1,
      error: null,
      next_attempt_at: null,
      history: [{ status: 410 }, { status: 201, error: null }],
    });
    expect(inventory.packages).toMatchObject([{ customerId: id, customerName: 'Renamed' }]);
  });

  it('finds an existing package, however often it is requested', async () => {
    await using daemon = await aDaemon(kind, { customers: 1 });
    await daemon.becomes(1, 'delivered');

    for (const attempts of [2, 3, 4]) {
      expect((await daemon.post('/deliveries/1/replay')).status).toBe(200);
      await eventually(async () => (await daemon.get('/deliveries/1')).history.length === attempts);
      expect(await daemon.get('/deliveries/1')).toMatchObject({ state: 'delivered', attempts: 1, package_id: 1 });
    }
    await Promise.all(Array.from({ length: 10 }, () => daemon.post('/deliveries/1/replay')));
    await daemon.becomes(1, 'delivered');
    expect([daemon.inventory.posts, daemon.inventory.packages.length]).toEqual([[1], 1]);
  });

  it('of dead deliveries delivers all of them and no others, and returns their number', async () => {
    await using daemon = await aDaemon(kind, { customers: 4, environment: { RETRY_SCHEDULE: '1h' } });
    for (const id of [1, 2, 3, 4]) await daemon.becomes(id, 'delivered');
    const [dead, another, retrying] = [daemon.addCustomer(), daemon.addCustomer(), daemon.addCustomer()];
    for (const id of [dead, another]) daemon.inventory.refusals.set(id, 410);
    daemon.inventory.refusals.set(retrying, 503);
    await daemon.post('/poll');
    await daemon.becomes(retrying, 'retrying');
    for (const id of [dead, another]) await daemon.becomes(id, 'dead');
    daemon.inventory.refusals.clear();

    const { status, body } = await daemon.post('/deliveries/replay', { state: 'dead' });

    expect([status, body]).toEqual([200, { replayed: 2 }]);
    for (const id of [dead, another]) await daemon.becomes(id, 'delivered');
    expect(await daemon.get(`/deliveries/${retrying}`)).toMatchObject({ state: 'retrying', attempts: 1 });
    expect(daemon.inventory.posts.length).toBe(4 + 3 + 2);
    expect((await daemon.post('/deliveries/replay', { state: 'dead' })).body).toEqual({ replayed: 0 });
  });

  it('of dead deliveries selects those that died from `since` until before `until`, in any time zone', async () => {
    await using daemon = await theDeadOfThreeHours(kind);
    const replay = async (range: object) => {
      const { body } = await daemon.post('/deliveries/replay', { state: 'dead', ...range });
      return { ...body, left: idsOf(await daemon.get('/deliveries?state=dead')) };
    };
    expect(await replay({ since: '2026-01-01T14:00:00.001Z' })).toEqual({ replayed: 0, left: [1, 2, 3] });
    expect(await replay({ until: '2026-01-01T12:00:00Z' })).toEqual({ replayed: 0, left: [1, 2, 3] });
    expect(await replay({ since: '2026-01-01T14:00:00Z', until: '2026-01-01T12:00:00Z' })).toMatchObject({
      replayed: 0,
    });
    const oneHour = { since: '2026-01-01T14:00:00+01:00', until: '2026-01-01T09:00:00.000-05:00' };
    expect(await replay(oneHour)).toEqual({ replayed: 1, left: [1, 3] });
    expect(await replay({ until: '2026-01-01T18:30:00.000+05:30' })).toEqual({ replayed: 1, left: [3] });
    expect(await replay({ since: '2025-12-31T23:00:00-15:00' })).toEqual({ replayed: 1, left: [] });
  });

  it('of dead deliveries handles the earliest and latest accepted times', async () => {
    await using daemon = await theDeadOfThreeHours(kind);
    const edges = [
      '0000-01-01T00:00:00Z',
      '0001-01-01T00:00:00Z',
      '0001-01-01T00:00:00+14:00',
      '9999-12-31T23:59:59Z',
      '9999-12-31T23:59:59-12:00',
    ];
    for (const edge of edges) {
      const isEarly = edge.startsWith('0');
      // no delivery died before or after such a time
      const { status, body } = await daemon.post('/deliveries/replay', {
        state: 'dead',
        [isEarly ? 'until' : 'since']: edge,
      });
      if (status !== 400) expect([edge, status, body]).toEqual([edge, 200, { replayed: 0 }]);
    }
  });
});

/** A paused daemon, with dead deliveries of customers 1, 2 and 3 from 12:00, 13:00 and 14:00 UTC. */
async function theDeadOfThreeHours(kind: DatabaseKind): Promise<Daemon> {
  const clock = fakeClock('2026-01-01T12:00:00.000Z');
  const daemon = await aDaemon(kind, { clock });
  for (const id of [1, 2, 3]) {
    daemon.inventory.refusals.set(daemon.addCustomer(), 410);
    await daemon.post('/poll');
    await daemon.becomes(id, 'dead');
    expect(await daemon.get(`/deliveries/${id}`)).toMatchObject({
      state: 'dead',
      updated_at: clock.now().toISOString(),
    });
    clock.advance(3_600_000);
  }
  await daemon.post('/pause');
  return daemon;
}
