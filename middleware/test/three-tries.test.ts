import { databases } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { describe, expect, it } from 'vitest';
import { aDaemon } from './a-daemon.ts';
import { fakeClock } from './fakes.ts';

type Attempt = { started_at: string; next_attempt_at: string | null };

const environment = { DELIVERY_RETRIES: '0', RETRY_SCHEDULE: '2s,2s', INVENTORY_IDEMPOTENCY: 'permanent' };

describe.each(databases)('with DELIVERY_RETRIES=0 and RETRY_SCHEDULE=2s,2s on %s', (kind) => {
  it('a customer gets three tries two seconds apart, as in an earlier system', async () => {
    const clock = fakeClock();
    await using daemon = await aDaemon(kind, { clock, environment });
    const id = daemon.addCustomer();
    daemon.inventory.refusals.set(id, 503);

    for (const tries of [1, 2, 3]) {
      await daemon.post('/poll');
      await eventually(async () => expect((await daemon.get(`/deliveries/${id}`)).attempts).toBe(tries));
      clock.advance(2_400); // the wait and its 20 %
    }
    await daemon.post('/poll');

    const { state, error, history } = await daemon.get(`/deliveries/${id}`);
    expect({ state, error }).toEqual({ state: 'dead', error: expect.stringContaining('given up after 3 attempts: ') });
    expect(daemon.inventory.posts).toEqual([id, id, id]);
    const waits = history.map(({ started_at, next_attempt_at }: Attempt) => {
      return next_attempt_at && Date.parse(next_attempt_at) - Date.parse(started_at);
    });
    expect(waits).toEqual([expect.closeTo(2_000, -3), expect.closeTo(2_000, -3), null]);
  });
});
