import { describe, expect, it } from 'vitest';
import { simulate } from './as-a-process.ts';

const kindsOfFaults = [
  'kill -9',
  'restart',
  'commit lost',
  'disk full',
  'ledger away',
  'clock moved',
  'lost before',
  'lost after',
  'no answer',
  'no answer, done',
  'done late',
  'slow',
  'twice',
  'no id',
  'status 401',
  'status 429',
  'status 500',
  'torn (group)',
  'some refused (group)',
  'outage of crm',
  'outage of inventory',
  'poison',
  'unreadable',
  'deleted',
  'shown late',
  'renamed',
  'pause',
  'replay',
  'replay dead',
  'reconcile',
  'repair',
];

describe('the core, simulated', () => {
  it('ends a run in which a claim arrives while the ledger fails', async () => {
    // this seed once kept the dispatcher in an endless loop
    const { code, output } = await simulate('--seed', '2491');
    expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('commit lost') });
  });

  it('keeps every promise in 300 runs of faults', async () => {
    const { code, output } = await simulate('--seeds', '300');
    expect(code, output).toBe(0);
    expect(output).toMatch(/^300 seeds: /);
    for (const kind of kindsOfFaults) expect(output).toMatch(new RegExp(`${RegExp.escape(kind)} [1-9]`));
  });

  it('makes the same run of the same seed, to the byte', async () => {
    const words = ['--seed', '21', '--seeds', '12', '--trace'];
    const [first, second] = await Promise.all([simulate(...words), simulate(...words)]);
    expect(first.output).toMatch(/FAULT kill -9/);
    expect(first.output.length).toBeGreaterThan(100_000);
    expect(second.output).toBe(first.output);
    // whatever ran before it in the same thread
    const alone = await simulate('--seed', '32', '--trace');
    expect(first.output.endsWith(alone.output)).toBe(true);
  });

  it.each([
    ['--seeds 0', '--seeds is "0"; it takes a whole number from 1 on'],
    ['--seed x', '--seed is "x"; it takes a whole number from 0 on'],
    ['--plant nonsense', '--plant is "nonsense"; it takes one of: marked before the answer'],
    ['--wrong', "Unknown option '--wrong'"],
  ])('refuses %s with a sentence', async (words, sentence) => {
    const { code, output } = await simulate(...words.split(' '));
    expect(output).toContain(sentence);
    expect(code).toBe(2);
  });
});
