import { databases } from '@doorstep/kit/test/databases.ts';
import { describe, expect, it } from 'vitest';
import type { CustomerSource, PackageTarget } from '../src/ports.ts';
import { summarize } from '../src/reconcile/summarize.ts';
import { listed, manyCustomers } from './fakes.ts';
import { aLedger, compare, compareAndRepair, noExceptions } from './two-sides.ts';

const everybody = manyCustomers(60);

/** A CRM that shows the same customers whatever it is asked for. */
function deafSource(shown: number, also: { total?: number; extent?: 'part' } = {}): CustomerSource['fetchPage'] {
  return async () => ({
    kind: 'page',
    ...listed(everybody.slice(0, shown)),
    more: false,
    unusable: [],
    total: undefined,
    ...also,
  });
}

describe.each(databases)('a list that is longer than what could be read, the ledger on %s', (kind) => {
  it.each([
    [{ total: 60 }, 'the CRM says that it has 60 customers, but its list ends after 20'],
    [{ extent: 'part' } as const, 'the CRM ignores "after", and shows only 20 customers of a longer list'],
  ])('is no proof of every customer: %j', async (also, detail) => {
    await using ledger = await aLedger(kind, everybody.slice(0, 30));
    const { context, source } = ledger;
    const result = await compare({ ...context, source: { ...source, fetchPage: deafSource(20, also) } });
    expect(result).toMatchObject({ customers: 20, packages: 30, matched: 20, departed: 0, proven: false });
    expect(result.exceptions).toEqual({ ...noExceptions, unread: 1 });
    expect(result.found).toEqual([{ kind: 'unread', customerId: undefined, detail }]);
    expect(summarize(result)).toBe('20 customers, 30 packages: 1 list not read to its end');
  });

  it('is a proof if its numbers fit, or if somebody was deleted while it was read', async () => {
    await using ledger = await aLedger(kind, everybody.slice(0, 20));
    const { context, source } = ledger;
    const whole = { ...source, fetchPage: deafSource(20, { total: 20 }) };
    expect(await compare({ ...context, source: whole })).toMatchObject({ matched: 20, proven: true, found: [] });
    let asked = 0;
    const shrinking: CustomerSource['fetchPage'] = async (after, limit) => {
      const page = await source.fetchPage(after, limit);
      asked += 1;
      return page.kind === 'page' ? { ...page, total: asked === 1 ? 21 : 20 } : page;
    };
    expect(await compare({ ...context, source: { ...source, fetchPage: shrinking } })).toMatchObject({ proven: true });
  });

  it.each([
    [{ total: 5 }, 'the Inventory says that it has 5 packages, but its list ends after 3'],
    [{ isPart: true }, 'the Inventory ignores "after", and shows only 3 packages of a longer list'],
  ])('of packages leaves customers unseen, and nobody gets a second package for that: %j', async (also, detail) => {
    await using ledger = await aLedger(kind, everybody.slice(0, 5));
    const { context, target, sync } = ledger;
    const fetchPackages: PackageTarget['fetchPackages'] = async (after) => {
      const page = await target.fetchPackages(after);
      return { ...page, packages: page.packages.slice(0, 3), ...also };
    };
    const result = await compareAndRepair({ ...context, target: { ...target, fetchPackages } });
    expect(result).toMatchObject({ customers: 5, matched: 3, unseen: 2, exceptions: { ...noExceptions, unread: 1 } });
    expect(result.proven).toBe(false);
    expect(result.found[0]?.detail).toBe(detail);
    expect(summarize(result)).toBe(
      '5 customers, 3 packages: 1 list not read to its end, 2 whose packages could not be read',
    );
    await sync.runOnce();
    expect(target.posts).toHaveLength(5);
  });
});
