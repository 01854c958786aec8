import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { describe, expect, it } from 'vitest';
import { aDaemon } from './a-daemon.ts';
import { linesOf, startMiddleware } from './a-daemon-of-broken-peers.ts';
import { startPlainNeighbours } from './plain-neighbours.ts';

type Call = { at: string; kind: string; status: number | null; error: string | null; duration_ms: number };

const shapeOf = ({ kind, status, error }: Call) => [kind, status, error];
const refused = ['post', 503, 'Inventory answered 503: not now'];

describe.each(databases)('the calls of an attempt on %s', (kind) => {
  it('are shown one by one, for each of the deliveries that were under way at once', async () => {
    await using daemon = await aDaemon(kind, {
      environment: { DELIVERY_RETRIES: '1', INVENTORY_IDEMPOTENCY: 'permanent' },
    });
    for (const id of [1, 3]) daemon.inventory.refusals.set(id, 503);
    for (let count = 0; count < 3; count += 1) daemon.addCustomer();
    await daemon.post('/poll');
    for (const id of [1, 3]) await daemon.becomes(id, 'retrying');
    await daemon.becomes(2, 'delivered');
    for (const id of [1, 3]) {
      const { attempts, history } = await daemon.get(`/deliveries/${id}`);
      expect(attempts).toBe(2);
      expect(history.map(({ calls }: { calls: Call[] }) => calls.map(shapeOf))).toEqual([[refused, refused]]);
      const [first, second] = history[0].calls;
      expect(first.at >= history[0].started_at && second.at >= first.at).toBe(true);
      expect(second.duration_ms).toBeLessThan(history[0].duration_ms);
    }
    const { attempts, history } = await daemon.get('/deliveries/2');
    const [{ calls, started_at, duration_ms }] = history;
    expect([attempts, calls]).toEqual([1, [{ at: started_at, kind: 'post', status: 201, error: null, duration_ms }]]);
  });

  it('include the read and the look-up of a replay, and only posts count as attempts', async () => {
    const environment = { INVENTORY_IDEMPOTENCY: 'permanent' };
    await using daemon = await aDaemon(kind, { customers: 1, environment });
    await daemon.becomes(1, 'delivered');
    await daemon.post('/deliveries/1/replay');
    const history = await eventually(async () => {
      const delivery = await daemon.get('/deliveries/1');
      expect([delivery.state, delivery.attempts, delivery.history.length]).toEqual(['delivered', 1, 2]);
      return delivery.history;
    });
    expect(history[1].calls.map(shapeOf)).toEqual([['look-up', 200, null]]);
    daemon.inventory.packages.length = 0;
    await daemon.post('/deliveries/1/replay');
    const { calls } = await eventually(async () => {
      const delivery = await daemon.get('/deliveries/1');
      expect([delivery.state, delivery.attempts, delivery.history.length]).toEqual(['delivered', 2, 3]);
      return delivery.history[2];
    });
    expect(calls.map(shapeOf)).toEqual([
      ['look-up', 200, null],
      ['read', 200, null],
      ['post', 201, null],
    ]);
  });
});

describe('a group', () => {
  it('shows each of its deliveries the one post, and its own answer', async () => {
    await using neighbours = await startPlainNeighbours({ takesGroups: true });
    neighbours.addCustomers(60);
    await using middleware = await startMiddleware({ crm: neighbours, inventory: neighbours });
    const show = async (id: number) => (await call(middleware, `GET /deliveries/${id}`)).body;
    for (const id of [1, 60]) {
      const { history, attempts } = await eventually(async () => {
        const delivery = await show(id);
        expect(delivery.state).toBe('delivered');
        return delivery;
      });
      expect(history.map(({ calls }: { calls: Call[] }) => calls.map(shapeOf))).toEqual([
        [
          ['look-up', 200, null],
          ['post', 200, null],
        ],
      ]);
      expect(attempts).toBe(1);
    }
    expect(linesOf(middleware, /error/)).toEqual([]);
  });
});
