import { databases } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { describe, expect, it } from 'vitest';
import { aDaemon } from './a-daemon.ts';

/** How an Inventory writes its ids, and how they are kept. */
const written: [text: string, kept: unknown][] = [
  ['7615917337495251231', '7615917337495251231'],
  ['"pkg_8f3-\u00e9"', 'pkg_8f3-é'],
  ['"3c4f9a52-5a0e-4f3e-9c55-6fd5f2a0a7ce"', '3c4f9a52-5a0e-4f3e-9c55-6fd5f2a0a7ce'],
  ['"0012"', '0012'],
  ['12', 12],
];

const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

describe.each(databases)('package ids of any form on %s', (kind) => {
  it('are kept digit by digit in the ledger and in the reports to the CRM', async () => {
    await using daemon = await aDaemon(kind);
    const { crm, inventory } = daemon;
    inventory.nextIds.push(...written.map(([text]) => rawJSON(text)));
    // one after the other, as the ids are given out in the order of the posts
    for (const _ of written) {
      const id = daemon.addCustomer();
      await daemon.post('/poll');
      await daemon.becomes(id, 'delivered');
    }

    const kept = written.map(([, id]) => id);
    const deliveries = await daemon.get('/deliveries');
    expect(deliveries.map(({ package_id }: { package_id: unknown }) => package_id)).toEqual(kept);
    await eventually(() => expect(crm.reports.map(({ package_id }) => package_id)).toEqual(kept));
  });
});
