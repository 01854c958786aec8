import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { spawnService } from '@doorstep/kit/test/spawn-service.ts';
import { describe, expect, it } from 'vitest';
import { aDaemon, aNeighbourhood } from './a-daemon.ts';

describe.each(databases)('a pause on %s', (kind) => {
  it('stops all posts, while polls and replays continue, until a resume', async () => {
    await using daemon = await aDaemon(kind, { customers: 1 });
    await daemon.becomes(1, 'delivered');

    expect(await daemon.post('/pause')).toMatchObject({ status: 200, body: { paused: true } });
    daemon.addCustomer();
    expect((await daemon.post('/poll')).body).toMatchObject({ outcome: 'found', seen: 1 });
    expect((await daemon.post('/deliveries/1/replay')).body).toMatchObject({ state: 'pending' });
    await daemon.restart(); // waits for attempts in progress

    expect(daemon.inventory.posts).toEqual([1]);
    expect(await daemon.get('/status')).toMatchObject({ paused: true, deliveries: { pending: 2, delivered: 0 } });
    expect(await daemon.post('/resume')).toMatchObject({ status: 200, body: { paused: false } });
    for (const id of [1, 2]) await daemon.becomes(id, 'delivered');
    expect(await daemon.get('/status')).toMatchObject({ paused: false, deliveries: { pending: 0, delivered: 2 } });
    expect(daemon.inventory.posts).toEqual([1, 2]);
  });

  it('lets attempts in progress finish, and no other begin', async () => {
    await using daemon = await aDaemon(kind, { environment: { DELIVERY_CONCURRENCY: '1' } });
    daemon.inventory.gate.hold();
    for (const _ of [1, 2, 3]) daemon.addCustomer();
    await daemon.post('/poll');
    await eventually(() => daemon.inventory.gate.waiting() === 1);

    await daemon.post('/pause');
    daemon.inventory.gate.release();
    await daemon.becomes(1, 'delivered');
    await daemon.restart();

    expect(daemon.inventory.posts).toEqual([1]);
    expect((await daemon.get('/status')).deliveries).toMatchObject({ pending: 2, delivered: 1 });
  });

  it('may be requested twice, and resumed twice', async () => {
    await using daemon = await aDaemon(kind);
    for (const paused of [true, true, false, false]) {
      expect((await daemon.post(paused ? '/pause' : '/resume')).body).toEqual({ paused });
      expect((await daemon.get('/status')).paused).toBe(paused);
    }
    const id = daemon.addCustomer();
    await daemon.post('/poll');
    await daemon.becomes(id, 'delivered');
  });

  it('survives a killed daemon', async () => {
    await using resources = new AsyncDisposableStack();
    const { crm, inventory, settings } = resources.use(await aNeighbourhood(kind));
    await using first = await spawnService('middleware', settings);
    await call(first, 'POST /pause');
    await first.end('SIGKILL');
    crm.customers.push({ id: 1, name: 'Alice' });

    await using second = await spawnService('middleware', settings);
    await call(second, 'POST /poll');
    expect((await call(second, 'GET /status')).body).toMatchObject({ paused: true, deliveries: { pending: 1 } });
    expect(inventory.posts).toEqual([]);
    await call(second, 'POST /resume');
    await eventually(async () => (await call(second, 'GET /deliveries/1')).body.state === 'delivered');
  });
});
