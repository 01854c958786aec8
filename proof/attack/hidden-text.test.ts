import { eventually } from '@doorstep/kit/test/eventually.ts';
import { spawnService } from '@doorstep/kit/test/spawn-service.ts';
import { aCommandLine, type CommandLine } from '@doorstep/middleware/test/a-command-line.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** Each reader of lines knows other ends of a line. */
const ends = ['\n', '\r', '\v', '\f', '\u0085', '\u2028', '\u2029'];
const forged = '[crm] Eve';
const hostile = `\u202e\u2066\u{e0041}\u{e007f}\u200b\u001b[2J${ends.map((end) => `${end}${forged}`).join('')}`;

const hidden = /[\p{Cc}\p{Zl}\p{Zp}\u200b\u202a-\u202e\u2066-\u2069\u{e0000}-\u{e007f}]/u;
const isSpoilt = (line: string) => hidden.test(line) || line.startsWith(forged);

/** A CRM and an Inventory that put hidden text wherever they can, and an empty ledger between them. */
async function hostileNeighbours() {
  const line = await aCommandLine('sqlite');
  line.crm.customers.push(
    { id: 1, name: hostile },
    { id: hostile, name: 'Bob' },
    { id: 2, name: 'Carol', [hostile]: 7 },
  );
  line.inventory.nextIds.push(hostile);
  line.inventory.refusals.set(2, 422);
  line.inventory.state.words = hostile;
  return line;
}

describe.each(['json', 'pretty'])('in a %s log', (LOG_FORMAT) => {
  it('nobody outside can hide text or begin a line', async () => {
    await using line = await hostileNeighbours();
    await using middleware = await spawnService('middleware', { ...line.settings, LOG_FORMAT, LOG_LEVEL: 'debug' });
    const isLogged = (customer: number) =>
      new RegExp(`package [^]* for customer ${customer} `).test(middleware.output());
    await eventually(() => isLogged(1) && isLogged(2) && middleware.output().includes('quarantined'));
    await middleware.end('SIGTERM');

    const lines = middleware.output().trimEnd().split('\n');
    expect(lines.filter(isSpoilt)).toEqual([]);
    if (LOG_FORMAT === 'json') for (const one of lines) JSON.parse(one);
  });
});

describe('on the command line', () => {
  let line: CommandLine;
  beforeAll(async () => {
    line = await hostileNeighbours();
    await line.run('poll');
  });
  afterAll(() => line[Symbol.asyncDispose]());

  it.each(['deliveries', 'explain 1', 'explain 2', 'quarantine', 'check'])(
    '"%s" shows all that it prints',
    async (words) => {
      for (const form of [words, `${words} --json`]) {
        const { out, err } = await line.run(form);
        expect(out).toContain('\\u202e');
        expect(`${out}${err}`.split('\n').filter(isSpoilt)).toEqual([]);
      }
    },
  );
});
