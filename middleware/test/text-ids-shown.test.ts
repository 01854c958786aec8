import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { describe, expect, it } from 'vitest';
import { aCommandLine } from './a-command-line.ts';
import { aDaemon, as, idsOf } from './a-daemon.ts';

describe.each(databases)('customers with text ids over HTTP, the ledger on %s', (kind) => {
  it('have routes and pages by their ids', async () => {
    await using daemon = await aDaemon(kind);
    for (const id of ['u/1', 'ü 2', 3]) daemon.crm.customers.push({ id, name: `Customer ${id}` });
    await daemon.post('/poll');
    await daemon.becomes(3, 'delivered');
    await eventually(async () => expect((await daemon.get('/status')).deliveries.delivered).toBe(3));
    expect(await daemon.get('/deliveries/u%2F1')).toMatchObject({ customer_id: 'u/1', state: 'delivered' });
    const headers = await as('admin');
    const first = await call(daemon, 'GET /deliveries?limit=2', { headers });
    expect(idsOf(first.body)).toEqual([3, 'u/1']);
    expect(first.headers.get('Link')).toBe('</deliveries?after=u%2F1&limit=2>; rel="next"');
    expect(idsOf(await daemon.get('/deliveries?after=u%2F1&limit=2'))).toEqual(['ü 2']);
    expect((await daemon.post(`/deliveries/${encodeURIComponent('ü 2')}/replay`)).body).toMatchObject({
      customer_id: 'ü 2',
    });
    expect((await daemon.post('/deliveries/u-9/replay')).status).toBe(404);
    for (const bad of ['%20', '%07', 'x'.repeat(101)]) {
      expect((await call(daemon, `GET /deliveries/${bad}`, { headers })).status, bad).toBe(400);
    }
  });
});

describe('customers with text ids on the command line', () => {
  it('are named by their ids', async () => {
    await using line = await aCommandLine('sqlite');
    line.crm.customers.push({ id: 'u-1', name: 'Alice' }, { id: 'u-2' });
    expect(await line.run('explain u-1')).toMatchObject({
      code: 1,
      out: expect.stringContaining('Customer u-1 (Alice) is in the CRM, and the next poll records it'),
    });
    expect((await line.run('poll')).code).toBe(0);
    expect((await line.run('explain u-1')).out).toContain('Customer u-1 (Alice): package 1');
    expect((await line.run('deliveries --after u-1')).out).toContain('u-2');
    expect((await line.run('replay u-2')).code).toBe(0);
    expect(await line.run('explain u-3')).toMatchObject({ code: 1, out: 'The CRM has no customer u-3.\n' });
    expect((await line.run('status')).out).toContain('u-2, the last recorded customer id');
  });
});
