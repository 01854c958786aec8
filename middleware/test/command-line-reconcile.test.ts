import { describe, expect, it } from 'vitest';
import { aCommandLine, oneSentence, parseLines } from './a-command-line.ts';

/** A repair need not wait until an earlier post has settled. */
const environment = { INVENTORY_IDEMPOTENCY: 'permanent' };

describe.concurrent('reconcile', () => {
  it('prints each exception, and repairs missing packages', async () => {
    await using line = await aCommandLine('sqlite', { customers: 4, refusals: [[2, 410]], environment });
    await line.run('poll');
    line.removePackage(3);
    line.crm.customers.splice(1, 1, { id: 2, name: 'Renamed' });
    line.crm.customers.push({ id: 'x\u0007', name: 'Nobody' });
    line.inventory.packages.push({ id: 80, customerId: 4, customerName: '', packageType: 'welcome_pack_v1' });
    line.inventory.packages.push({ id: 81, customerId: 99, customerName: '', packageType: 'welcome_pack_v1' });
    line.inventory.refusals.clear();
    const before = await line.run('reconcile');
    expect(before).toMatchObject({ code: 1, err: '' });
    expect(
      before.out
        .trimEnd()
        .split('\n')
        .map((row) => row.split(' ')[0]),
    ).toEqual(['unusable', 'missing', 'missing', 'double', 'ownerless', '4']);
    expect(before.out).toContain(
      '4 customers, 4 packages: 2 without a package, 1 with more than one, 1 for an unknown customer, 1',
    );
    // an operator has to correct the rest
    expect((await line.run('reconcile --repair')).code).toBe(1);
    expect(line.served()).toEqual([1, 2, 3, 4, 4, 99]);
    expect(line.inventory.packages.find(({ customerId }) => customerId === 2)).toMatchObject({
      customerName: 'Renamed',
    });
    line.inventory.packages.splice(2, 2); // 80 and 81
    line.crm.customers.pop();
    line.removePackage(1);
    const repaired = await line.run('reconcile --repair');
    expect(repaired).toMatchObject({
      code: 0,
      out: expect.stringMatching(/\n4 customers, 4 packages: every customer has exactly one\.\n$/),
    });
    expect(line.served()).toEqual([1, 2, 3, 4]);
  });

  it('does not count a delivery as repaired while deliveries are paused', async () => {
    await using line = await aCommandLine('sqlite', { customers: 1 });
    await line.startDaemon();
    line.removePackage(1);
    await line.run('pause');
    const ran = await line.run('reconcile --repair');
    expect(ran).toMatchObject({ code: 1, err: expect.stringContaining('Not delivered yet: deliveries are paused') });
  });

  it('reports a failed comparison when one side is unreachable', async () => {
    await using line = await aCommandLine('sqlite', { customers: 1 });
    const [crm, inventory] = await Promise.all([
      line.run('reconcile', { CRM_SERVICE_URL: 'http://127.0.0.1:1' }),
      line.run('reconcile --json', { INVENTORY_SERVICE_URL: 'http://127.0.0.1:1' }),
    ]);
    expect(crm).toMatchObject({ code: 3, out: '', err: expect.stringMatching(oneSentence) });
    expect(inventory).toMatchObject({ code: 3, out: '', err: expect.stringMatching(oneSentence) });
    expect(parseLines((await line.run('status --json')).out)).toMatchObject([{ reconciliation: null }]);
  });
});

describe.concurrent('--json', () => {
  it('prints one JSON value per line and nothing else, however much is logged', async () => {
    await using line = await aCommandLine('sqlite', {
      customers: 3,
      refusals: [
        [2, 410],
        [3, 503],
      ],
      environment: { ...environment, LOG_LEVEL: 'debug' },
    });
    const lines = async (words: string) => {
      const { out } = await line.spawn(`${words} --json`);
      expect(out).toMatch(/\n$/);
      return parseLines(out);
    };
    expect(await lines('poll')).toEqual([expect.objectContaining({ outcome: 'found', seen: 3 })]);
    const run = async (words: string) => parseLines((await line.run(`${words} --json`)).out);
    expect(await run('status')).toHaveLength(1);
    expect(await run('deliveries')).toEqual([[expect.anything(), expect.anything(), expect.anything()]]);
    expect(await run('explain 1')).toEqual([expect.objectContaining({ customer_id: 1, state: 'delivered' })]);
    expect(await run('quarantine')).toEqual([[]]);
    expect(await lines('reconcile')).toEqual([
      { kind: 'missing', customer_id: 2, detail: expect.any(String) },
      expect.objectContaining({ repaired: 0, proven: false }),
    ]);
    expect(await run('replay --dead')).toEqual([{ replayed: 1 }]);
    expect(await run('pause')).toEqual([{ paused: true }]);
    expect(await run('resume')).toEqual([{ paused: false }]);
  });

  it('names the counts of a comparison as status does', async () => {
    await using line = await aCommandLine('sqlite');
    const [{ repaired, ...counts }] = parseLines((await line.run('reconcile --json')).out);
    const [{ reconciliation }] = parseLines((await line.run('status --json')).out);
    expect(repaired).toBe(0);
    expect(counts).toEqual(reconciliation);
  });

  it('prints each exception that a repair leaves once', async () => {
    await using line = await aCommandLine('sqlite', { customers: 2, refusals: [[1, 410]], environment });
    await line.run('poll');
    const lines = parseLines((await line.run('reconcile --repair --json')).out);
    const left = lines.filter(({ kind }) => kind === 'missing');
    expect(lines.at(-1)).toMatchObject({ exceptions: { missing: 1 } });
    expect(left).toHaveLength(1);
  });
});
