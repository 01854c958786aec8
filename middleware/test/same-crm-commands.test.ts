import { call } from '@doorstep/kit/test/call.ts';
import { describe, expect, it } from 'vitest';
import { aCommandLine } from './a-command-line.ts';
import { aDaemon } from './a-daemon.ts';

const person = (id: number, name: string, day: number) => ({ id, name, created_at: `2026-01-0${day}T00:00:00.000Z` });

describe('a CRM that gives ids to other people', () => {
  it('stops deliveries; the commands say which ids and what to do, and go on with --accept', async () => {
    await using line = await aCommandLine('sqlite');
    line.crm.customers.push(person(1, 'Ana', 1), person(2, 'Bea', 1));
    await line.run('poll');
    line.crm.customers.splice(0, 2, person(1, 'Ana', 1), person(2, 'Zoe', 2), person(3, 'Eva', 2));
    await line.run('poll');
    expect(line.served()).toEqual([1, 2]);
    const sentence =
      'the customer id 2 belongs to other people now (customer 2 was Bea, created 2026-01-01 00:00:00, and is Zoe, created 2026-01-02 00:00:00 now)';
    expect((await line.run('status'))?.out).toContain(sentence);
    expect((await line.run('explain 2')).out).toContain(`Deliveries are stopped: ${sentence}`);
    expect((await line.run('explain 3')).out).toContain(`At the moment deliveries are stopped: ${sentence}`);
    const refused = await line.run('resume');
    expect([refused?.code, refused?.err]).toEqual([1, expect.stringContaining(sentence)]);
    expect(await line.run('resume --accept')).toMatchObject({ code: 0, err: '' });
    await line.run('poll');
    expect(line.served()).toEqual([1, 2, 3]);
  });

  it('is explained once for a customer that waits, and reconcile says what to do', async () => {
    await using line = await aCommandLine('sqlite', { refusals: [[3, 503]] });
    line.crm.customers.push(person(1, 'Ana', 1), person(2, 'Bea', 1), person(3, 'Eva', 1));
    await line.run('poll');
    line.crm.customers.splice(1, 2, person(2, 'Zoe', 2), person(3, 'Uwe', 2));
    await line.run('poll');
    const { out } = await line.run('explain 3');
    expect(out).toContain('Customer 3 (Eva): no package yet');
    expect(out).toContain('Deliveries are stopped: the customer id 3 belongs to other people now (customer 3 was Eva');
    expect(out).not.toMatch(/until "resume"|at the moment/i);
    const todo = /^Deliveries are stopped: if they are new people, .* SOURCE_NAME .*"resume --accept"\.$/m;
    expect((await line.run('reconcile')).out).toMatch(todo);
  });

  it('is shown by the operations port, which goes on with accept', async () => {
    await using daemon = await aDaemon('sqlite');
    daemon.crm.customers.push(person(1, 'Ana', 1));
    await daemon.post('/poll');
    await daemon.becomes(1, 'delivered');
    daemon.crm.customers.splice(0, 1, person(1, 'Zoe', 2), person(2, 'Eva', 2));
    await daemon.post('/poll');
    const { paused, pause } = await daemon.get('/status');
    expect([paused, pause]).toMatchObject([true, { by: 'doorstep', reason: expect.stringContaining('id 1 belongs') }]);
    expect((await daemon.post('/resume')).status).toBe(409);
    expect(await daemon.post('/resume', { accept: true })).toMatchObject({ status: 200, body: { paused: false } });
    await daemon.becomes(2, 'delivered');
    expect((await call(daemon, 'GET /health')).status).toBe(200);
  });
});
