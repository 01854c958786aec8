import { databases } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { runToItsEnd } from '@doorstep/kit/test/spawn-service.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aCommandLine, type CommandLine, oneSentence, parseLines } from './a-command-line.ts';

describe.concurrent.each(databases)('commands, the ledger on %s', (kind) => {
  it('do the work themselves without a daemon, and go through a running daemon', async () => {
    await using line = await aCommandLine(kind, { customers: 2 });
    expect(await line.spawn('poll')).toMatchObject({ code: 0, out: '2 new customers.\n' });
    expect(line.served()).toEqual([1, 2]);
    await using daemon = await line.startDaemon(); // starts only if the poll has released the lock
    line.add(3);
    expect(await line.run('poll')).toEqual({ code: 0, out: '1 new customer.\n', err: '' });
    await eventually(() => line.served().length === 3);
    expect(daemon.output()).toContain('poll: 1 new customer, cursor 3');
    const proven = { code: 0, out: '3 customers, 3 packages: every customer has exactly one.\n', err: '' };
    expect(await line.run('reconcile')).toEqual(proven);
    line.removePackage(2);
    const [exception, counts] = (await line.run('reconcile')).out.split('\n');
    expect(exception).toMatch(/^missing +customer 2: delivered as package \d, which no longer exists$/);
    expect(counts).toBe('3 customers, 2 packages: 1 without a package.');
    const repaired = await line.run('reconcile --repair');
    expect(repaired).toMatchObject({ code: 0, out: expect.stringContaining(`\n${proven.out}`) });
    expect(line.served()).toEqual([1, 2, 3]);
    const status = parseLines((await line.run('status --json')).out)[0];
    expect(status).toMatchObject({ daemon: 'running', cursor: 3, reconciliation: { proven: true } });
  });
});

describe.concurrent('a command that only reads', () => {
  let line: CommandLine;
  beforeAll(async () => {
    line = await aCommandLine('sqlite', {
      customers: 4,
      refusals: [
        [2, 503],
        [3, 410],
      ],
    });
    line.crm.customers.splice(0, 1, { id: 1, name: 'Al\u001b[31m\nice' });
    line.crm.customers.push({ id: 7, name: 'Customer 7' }, { id: 'x\u0007', name: 'Nobody' });
    await line.startDaemon();
    line.crm.customers.splice(4, 1, { id: 5, name: 'Late' }, { id: 7, name: 'Customer 7' }, { id: 9, name: 'New' });
  });
  afterAll(() => line?.[Symbol.asyncDispose]());

  it('shows the state of the daemon and the counts of deliveries', async () => {
    const { code, out, err } = await line.run('status');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^daemon +running$/m);
    expect(out).toMatch(/^breaker +closed$/m);
    expect(out).toMatch(/^cursor +7,/m);
    expect(out).toMatch(/^delivered +3$/m);
    expect(out).toMatch(/^waiting +0 .*, 1 /m);
    expect(out).toMatch(/^dead +1;/m);
    expect(out).toMatch(/^quarantined +1 /m);
  });

  it('lists deliveries: all, those in a state, those after a customer', async () => {
    const words = ['', ' --state dead', ' --after 2 --limit 1', ' --state pending'];
    const ran = await Promise.all(words.map((some) => line.run(`deliveries${some}`)));
    expect(ran.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    const [all, dead, second, none] = ran;
    expect(all?.out).not.toContain('\u001b');
    const states = all?.out
      .split('\n')
      .map((row) => /^(\d+) .* (delivered|retrying|dead) /.exec(row)?.slice(1).join(' '));
    expect(states?.filter(Boolean)).toEqual(['1 delivered', '2 retrying', '3 dead', '4 delivered', '7 delivered']);
    expect(dead?.out).toMatch(/^customer.*\n3 +Customer 3 +dead +[-\d]+ [:\d]+Z +Inventory answered 410: not now\n$/);
    expect(second?.out).toMatch(/^customer.*\n3 .*\n$/);
    expect(second?.err).toBe('There are more: --after 3\n');
    expect(none).toMatchObject({ out: '', err: 'No deliveries found.\n' });
  });

  it.each([
    ['with a package', 1, 0, /: package 1, since .*\n[\s\S]*attempt 1 +201 /],
    [
      'with a planned retry',
      2,
      0,
      /: no package yet, because Inventory answered 503.*next attempt in .*\n[\s\S]*attempt 1 +503 /,
    ],
    ['with a dead delivery', 3, 0, /: no package, .* because Inventory answered 410.*"replay 3"/],
    ['behind the cursor', 5, 1, /^Customer 5 \(Late\).*behind the cursor.*"reconcile --repair"/],
    ['that the next poll records', 9, 1, /^Customer 9 \(New\).*next poll/],
    ['that does not exist', 404, 1, /^The CRM has no customer 404\.\n$/],
  ])('explains a customer %s', async (_who, id, code, words) => {
    const ran = await line.run(`explain ${id}`);
    expect(ran).toMatchObject({ code, err: '' });
    expect(ran.out).toMatch(words);
    expect(ran.out).not.toContain('\u001b');
  });

  it('explains each call of an attempt that made more than one', async () => {
    await using own = await aCommandLine('sqlite', { customers: 1 });
    await own.run('poll');
    own.removePackage(1);
    for (const words of ['replay 1', 'poll']) await own.run(words);
    const { out } = await own.run('explain 1');
    const rows = out.trimEnd().split('\n').slice(3);
    const cells = rows.map((row) =>
      row
        .split(/ {2,}/)
        .filter((cell) => !/ ms$/.test(cell))
        .slice(1)
        .join(' '),
    );
    const made = 'the package exists';
    expect(cells).toEqual([`attempt 1 201 ${made}`, `attempt 2 201 ${made}`, 'look-up 200', 'read 200', 'post 201']);
  });

  it('fails to explain an unseen customer while the CRM is unavailable', async () => {
    const away = { CRM_SERVICE_URL: 'http://127.0.0.1:1' };
    const [unseen, seen] = await Promise.all([line.run('explain 404', away), line.run('explain 1', away)]);
    expect(unseen).toMatchObject({ code: 3, out: '', err: expect.stringMatching(oneSentence) });
    expect(unseen.err).toContain('CRM cannot be reached');
    expect(seen.code).toBe(0);
  });

  it('lists entries that are not customers', async () => {
    const ran = await line.run('quarantine');
    expect(ran).toMatchObject({ code: 0, out: expect.stringMatching(oneSentence), err: '' });
    expect(ran.out).toContain('an entry with the id "x');
  });
});

describe.concurrent('replay', () => {
  it('makes the daemon redeliver one customer, or all dead deliveries', async () => {
    await using line = await aCommandLine('sqlite', {
      customers: 4,
      refusals: [
        [1, 410],
        [2, 410],
        [3, 410],
      ],
    });
    await line.startDaemon();
    line.inventory.refusals.clear();
    expect(await line.run('replay 1')).toMatchObject({ code: 0, err: '' });
    await eventually(() => line.served().join() === '1,4');
    const all = await line.run('replay --dead --json');
    expect(all).toMatchObject({ code: 0, out: '{"replayed":2}\n' });
    await eventually(() => line.served().join() === '1,2,3,4');
    expect((await line.run('replay --dead')).out).toBe('No dead deliveries found.\n');
  });

  it('waits for a daemon or a poll if no daemon is running, and creates no second package', async () => {
    await using line = await aCommandLine('sqlite', { customers: 2, refusals: [[1, 410]] });
    await line.run('poll');
    line.inventory.refusals.clear();
    expect((await line.run('replay 1')).out).toContain('the daemon is not running');
    expect((await line.run('replay 2')).code).toBe(0);
    expect(line.served()).toEqual([2]);
    await line.run('poll');
    expect(line.served()).toEqual([1, 2]);
  });
});

describe.concurrent('a poll without a daemon', () => {
  it('keeps daemons and other polls out while it runs', async () => {
    const patient = { DELIVERY_TIMEOUT_MS: '60000' }; // it runs until the others have been refused
    await using line = await aCommandLine('sqlite', { customers: 2, environment: patient });
    line.inventory.gate.hold();
    const polling = line.spawn('poll');
    await eventually(() => line.inventory.posts.length > 0);
    const refused = 'Another daemon already uses this ledger: process ';
    const daemon = await runToItsEnd('middleware', line.settings);
    expect(daemon).toMatchObject({ code: 1, output: expect.stringContaining(refused) });
    const second = await line.spawn('poll');
    expect(second).toMatchObject({ code: 3, out: '', err: expect.stringMatching(oneSentence) });
    expect(second.err).toContain(refused);
    line.inventory.gate.release();
    expect(await polling).toMatchObject({ code: 0, out: '2 new customers.\n' });
    expect(line.inventory.posts.toSorted()).toEqual([1, 2]);
  });

  it('reports a failure', async () => {
    await using line = await aCommandLine('sqlite');
    line.crm.state.isDown = true;
    const [shown, json] = [await line.spawn('poll'), await line.spawn('poll --json')];
    expect(shown).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('The poll failed: CRM answered 503'),
    });
    expect(json).toMatchObject({ code: 1, out: expect.stringMatching(oneSentence) });
    expect(JSON.parse(json.out)).toMatchObject({ outcome: 'failed', seen: 0, reason: 'CRM answered 503' });
  });
});

describe.concurrent('a pause', () => {
  it('survives a restart of the daemon, until a resume', async () => {
    await using line = await aCommandLine('sqlite', { customers: 1 });
    const first = await line.startDaemon();
    expect(await line.run('pause')).toMatchObject({ code: 0, err: '' });
    await first.end('SIGTERM');
    line.add(2);
    const second = await line.startDaemon({ isPaused: true });
    expect((await line.run('status')).out).toMatch(/paused[\s\S]*waiting +1 for a first attempt/);
    expect(line.served()).toEqual([1]);
    expect(second.output()).toContain('1 new customer');
    expect(await line.run('resume')).toMatchObject({ code: 0, err: '' });
    await eventually(() => line.served().join() === '1,2');
  });
});
