import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { aCommandLine, oneSentence, runMain } from './a-command-line.ts';

describe.concurrent('a command', () => {
  it('exits with 2 and one sentence for invalid arguments', async () => {
    await using line = await aCommandLine('sqlite');
    const words = ['poll --now', 'explain 0', 'explain 1 2', 'replay 1 --dead', 'deliveries --state lost'];
    const ran = [await line.spawn('reconcil'), ...(await Promise.all(words.map((some) => line.run(some))))];
    for (const one of ran) expect(one).toMatchObject({ code: 2, out: '', err: expect.stringMatching(oneSentence) });
  });

  it('exits with 2 and one sentence for an invalid setting', async () => {
    await using line = await aCommandLine('sqlite');
    const ran = await line.run('status', { POLL_PAGE_SIZE: '0' });
    expect(ran).toMatchObject({ code: 2, out: '', err: expect.stringMatching(oneSentence) });
    expect(ran.err).toContain('POLL_PAGE_SIZE');
  });

  it('exits with 1 and one sentence for a customer that no poll has seen', async () => {
    await using line = await aCommandLine('sqlite');
    expect(await line.run('replay 77')).toMatchObject({ code: 1, out: '', err: expect.stringMatching(oneSentence) });
  });

  it('exits with 3 and one sentence when the ledger is unavailable', async () => {
    await using line = await aCommandLine('sqlite');
    const ran = await line.run('status', { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing' });
    expect(ran).toMatchObject({ code: 3, out: '', err: expect.stringMatching(oneSentence) });
  });

  it('creates no ledger in a folder without one', async () => {
    await using line = await aCommandLine('sqlite');
    const elsewhere = join(line.settings.DATA_DIR, 'elsewhere.db');
    const ran = await line.run('reconcile', { DATABASE_URL: elsewhere });
    expect(ran).toMatchObject({ code: 3, out: '', err: expect.stringMatching(oneSentence) });
    expect(ran.err).toContain(elsewhere);
    expect(existsSync(elsewhere)).toBe(false);
  });

  it('prints its usage', async () => {
    await using line = await aCommandLine('sqlite');
    const help = await line.run('replay --help');
    expect(help).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringMatching(/^Usage: npm run -s middleware -- replay ID\n[\s\S]*\nExit codes:\n {2}0 /),
    });
  });

  it('reads .env, and the environment takes precedence', async () => {
    await using line = await aCommandLine('sqlite', { customers: 1 });
    const folder = line.settings.DATA_DIR;
    const written = Object.entries(line.settings).map(([name, value]) => `${name}='${value}'\n`);
    await writeFile(join(folder, '.env'), written.join(''));
    const [explained, unable] = await Promise.all([
      runMain('explain 1', folder, {}),
      runMain('explain 1', folder, { CRM_SERVICE_URL: 'http://127.0.0.1:1' }),
    ]);
    expect(explained).toMatchObject({ code: 1, out: expect.stringContaining('the next poll records it') });
    expect(unable).toMatchObject({ code: 3, err: expect.stringContaining('CRM cannot be reached') });
  });

  it('refuses a .env in another encoding, and warns of a variable that is not set', async () => {
    await using line = await aCommandLine('sqlite');
    const file = join(line.settings.DATA_DIR, '.env');
    await writeFile(file, Buffer.from('REQUIRE_AUTH=true\n', 'utf16le'));
    const refused = await runMain('status', line.settings.DATA_DIR, line.settings);
    await writeFile(file, 'CRM_TOKEN=a$secret\n');
    const warned = await runMain('status', line.settings.DATA_DIR, line.settings);

    const sentence = '.env is encoded in UTF-16, as some editors save it; save it in UTF-8.\n';
    expect(refused).toEqual({ code: 2, out: '', err: sentence });
    expect(warned.err).toMatch(/^\.env, line 1: CRM_TOKEN refers to a variable that is not set, .*\n/);
  });

  it('reaches a daemon that requires a token and accepts other host names than its address', async () => {
    // no key is set: both use the one in DATA_DIR
    const environment = { REQUIRE_AUTH: 'true', JWT_SECRET_KEY: '', ALLOWED_HOSTS: 'ops.example.com' };
    await using line = await aCommandLine('sqlite', { environment });
    await line.startDaemon();
    line.add(1);
    expect(await line.run('poll')).toEqual({ code: 0, out: '1 new customer.\n', err: '' });
    expect((await line.run('status')).out).toMatch(/^daemon +running$/m);
  });

  it('works without intervention after the daemon was killed', async () => {
    await using line = await aCommandLine('sqlite', { customers: 1 });
    const daemon = await line.startDaemon();
    await daemon.end('SIGKILL');
    line.add(2);
    expect((await line.run('status')).out).toMatch(/^daemon +not running$/m);
    expect(await line.run('poll')).toMatchObject({ code: 0, out: '1 new customer.\n' });
    expect(line.served()).toEqual([1, 2]);
  });

  it('prints no error when its output is closed', async () => {
    await using line = await aCommandLine('sqlite');
    expect((await line.runUnread('status')).err).toBe('');
  });
});
