import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aDaemon, type Daemon, idsOf } from './a-daemon.ts';

const linkOf = ({ headers }: { headers: Headers }) => headers.get('Link');

describe.each(databases)('lists of the operations port on %s', (kind) => {
  let daemon: Daemon;
  beforeAll(async () => {
    daemon = await aDaemon(kind, { environment: { RETRY_SCHEDULE: '1h' } });
    const { crm, inventory } = daemon;
    inventory.refusals.set(2, 410).set(3, 410).set(4, 503);
    for (const _ of [1, 2, 3, 4]) daemon.addCustomer();
    crm.customers.push({ id: {}, name: 'Eve' }, { name: 'Nobody' }, { id: 1.5, name: 'Half' });
    await daemon.post('/poll');
    await eventually(async () => (await daemon.get('/status')).deliveries.pending === 0);
    await daemon.post('/pause');
    crm.customers.push({ id: 8, name: 'Late' });
    await daemon.post('/poll');
  });
  afterAll(() => daemon[Symbol.asyncDispose]());

  const list = (path: string) => call(daemon, `GET ${path}`);

  it('contain deliveries in the order of customer ids', async () => {
    const { status, body, headers } = await list('/deliveries');
    expect([status, idsOf(body), headers.get('Link')]).toEqual([200, [1, 2, 3, 4, 8], null]);
    expect(body[1]).toEqual({
      customer_id: 2,
      customer_name: 'Customer 2',
      state: 'dead',
      attempts: 1,
      package_id: null,
      error: 'Inventory answered 410: not now',
      next_attempt_at: null,
      recorded_at: expect.any(String),
      updated_at: expect.any(String),
    });
  });

  it.each([
    ['delivered', [1]],
    ['dead', [2, 3]],
    ['retrying', [4]],
    ['pending', [8]],
  ])('contain only deliveries in the state %s', async (state, ids) => {
    const { body } = await list(`/deliveries?state=${state}`);
    expect(idsOf(body)).toEqual(ids);
    expect(body.every((row: { state: string }) => row.state === state)).toBe(true);
  });

  it('continue page by page, in the same state', async () => {
    const first = await list('/deliveries?state=dead&limit=1');
    expect([idsOf(first.body), linkOf(first)]).toEqual([[2], '</deliveries?after=2&limit=1&state=dead>; rel="next"']);
    const second = await list('/deliveries?after=2&limit=1&state=dead');
    expect([idsOf(second.body), linkOf(second)]).toEqual([[3], null]);
    expect(idsOf((await list('/deliveries?after=4')).body)).toEqual([8]);
    expect(idsOf((await list('/deliveries?after=8')).body)).toEqual([]);
  });

  it('contain each quarantined entry once, however often a poll sees it', async () => {
    const { status, body, headers } = await list('/quarantine');
    expect([status, headers.get('Link')]).toEqual([200, null]);
    expect(body).toEqual([
      {
        id: expect.any(Number),
        entry: '{"id":{},"name":"Eve"}',
        reason: 'an entry with the id {}; an id is a positive integer or a text of 1 to 100 visible characters',
        seen_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      },
      expect.objectContaining({ entry: '{"name":"Nobody"}' }),
      expect.objectContaining({ entry: '{"id":1.5,"name":"Half"}' }),
    ]);
    expect((await list('/status')).body.quarantined).toBe(3);
  });

  it('contain the quarantine page by page', async () => {
    const { body: all } = await list('/quarantine');
    const first = await list('/quarantine?limit=2');
    expect(first.body).toEqual(all.slice(0, 2));
    expect(linkOf(first)).toBe(`</quarantine?after=${all[1].id}&limit=2>; rel="next"`);
    const second = await list(`/quarantine?after=${all[1].id}&limit=2`);
    expect([second.body, linkOf(second)]).toEqual([all.slice(2), null]);
  });

  it.each([
    ['/deliveries?state=lost', 'state', 'must be one of pending, retrying, delivered, dead, held, skipped'],
    ['/deliveries?status=dead', 'status', 'is not a query parameter of this route'],
    ['/status?verbose', 'verbose', 'is not a query parameter of this route'],
    ['/deliveries?limit=0', 'limit', 'must be a whole number from 1 to 1000'],
    ['/deliveries?limit=1001', 'limit', 'must be a whole number from 1 to 1000'],
    ['/deliveries?after=%07', 'after', expect.stringContaining('must be an integer, or a text')],
    ['/quarantine?limit=0', 'limit', 'must be a whole number from 1 to 1000'],
    ['/quarantine?after=-1', 'after', expect.stringContaining('must be a whole number')],
    ['/deliveries/%07', 'customer_id', 'must be an integer, or a text of 1 to 100 visible characters'],
  ])('refuse %s', async (path, field, message) => {
    const { status, body } = await list(path);
    expect([status, body.errors]).toEqual([400, [{ field, message }]]);
  });
});
