import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase } from '@doorstep/kit/database/open.ts';
import { databases, type FreshDatabase, freshDatabase } from '@doorstep/kit/test/databases.ts';
import { describe, expect, it } from 'vitest';
import type { LedgerDatabase } from '../src/db/schema.ts';
import type { DeliveryRow } from '../src/delivery-row.ts';
import { createSync } from '../src/sync.ts';
import { fakeSource, fakeTarget, owner, testContext } from './fakes.ts';

/** Before migration 0003, two flags held what one column holds now; later migrations add columns. */
type NewColumn =
  | 'before_post'
  | 'doubt_at'
  | 'settled_at'
  | 'refusal'
  | 'read_at'
  | 'attempts_removed_until'
  | 'customer_key'
  | 'posts';
type OldRow = Omit<DeliveryRow, NewColumn> & { in_doubt: 0 | 1; stale: 0 | 1 };
type OldLedger = Omit<LedgerDatabase, 'deliveries'> & { deliveries: OldRow };

const recordedAt = '2025-12-31T00:00:00.000Z';

function oldRow(customer_id: number, overrides: Partial<OldRow> = {}): OldRow {
  return {
    customer_id,
    customer_name: `Customer ${customer_id}`,
    customer_created_at: recordedAt,
    state: 'pending',
    attempts: 0,
    waits_used: 0,
    due_at: recordedAt,
    claimed_at: null,
    in_doubt: 0,
    stale: 0,
    package_id: null,
    error: null,
    report_pending: 0,
    recorded_at: recordedAt,
    waiting_since: recordedAt,
    updated_at: recordedAt,
    ...overrides,
  };
}

const failed = { state: 'retrying', attempts: 2, waits_used: 1, error: 'answered 503' } as const;
const ended = { attempts: 1, due_at: null, waiting_since: null } as const;

const rows = [
  oldRow(1),
  oldRow(2, { claimed_at: recordedAt }),
  oldRow(3, { claimed_at: recordedAt, in_doubt: 1 }),
  oldRow(4, failed),
  oldRow(5, { ...failed, in_doubt: 1 }),
  oldRow(6, { in_doubt: 1, stale: 1 }),
  oldRow(7, { ...failed, in_doubt: 1, stale: 1, package_id: '70' }),
  oldRow(8, { ...ended, state: 'delivered', package_id: '80' }),
  oldRow(9, { ...ended, state: 'dead', error: 'answered 400' }),
  // a replay that ended before the CRM was read again
  oldRow(10, { ...ended, state: 'dead', error: 'the CRM has this customer no longer', stale: 1 }),
];

const options = (database: FreshDatabase, migrations: string) => {
  return { url: database.url, schema: 'middleware', migrations, onError: () => undefined };
};

/** A ledger as written by the release before migration 0003. */
async function leaveOldLedger(database: FreshDatabase): Promise<void> {
  const migrations = join(database.dataDir, 'old-migrations');
  await mkdir(migrations, { recursive: true });
  for (const name of ['0001-ledger.ts', '0002-operations.ts']) {
    const present = JSON.stringify(join(import.meta.dirname, '../migrations', name));
    await writeFile(join(migrations, name), `export { up } from ${present};\n`);
  }
  const { db, close } = await openDatabase<OldLedger>(options(database, migrations));
  await db.insertInto('deliveries').values(rows).execute();
  await db.insertInto('cursors').values({ name: 'customers', last_seen_id: 10 }).execute();
  await close();
}

describe.each(databases)('a ledger of the previous release, on %s,', (kind) => {
  it('keeps every delivery, and what each needs before its next post', async () => {
    await using database = await freshDatabase(kind, { isEmpty: true });
    await leaveOldLedger(database);
    const { db, close } = await openDatabase<LedgerDatabase>(
      options(database, join(import.meta.dirname, '../migrations')),
    );

    const upgraded = await db.selectFrom('deliveries').selectAll().orderBy('customer_id').execute();

    await close();
    const needs = ['nothing', 'nothing', 'look', 'nothing', 'look', 'read and look', 'read and look'];
    const expected = rows.map(({ in_doubt: _, stale: __, ...kept }, index) => {
      // one with a known package is a replay
      const doubt_at = [2, 4, 5].includes(index) ? kept.updated_at : null;
      const later = {
        settled_at: null,
        read_at: null,
        refusal: null,
        attempts_removed_until: null,
        customer_key: null,
      };
      return { ...kept, posts: kept.attempts, before_post: needs[index] ?? 'nothing', doubt_at, ...later };
    });
    expect(upgraded.map((row) => ({ ...row }))).toEqual(expected);
  });

  it('is completed: each customer has one package, and no ended delivery is posted again', async () => {
    await using database = await freshDatabase(kind, { isEmpty: true });
    await leaveOldLedger(database);
    const target = fakeTarget();
    target.packages.push({ id: 80, customerId: 8, name: 'Customer 8' });
    // created by attempts that were interrupted or got no answer
    for (const customerId of [2, 3, 5]) target.make({ customerId, customerName: '', idempotencyKey: '' });
    const customers = [1, 2, 3, 4, 5, 6, 7].map((id) => {
      return { id, name: id < 6 ? `Customer ${id}` : `Renamed ${id}`, createdAt: recordedAt };
    });
    await using opened = await testContext(kind, { target, source: fakeSource(customers) }, database);

    await createSync(opened.context, owner).runOnce();

    expect(target.posts.map(({ customerId, customerName }) => [customerId, customerName]).sort()).toEqual([
      [1, 'Customer 1'],
      [4, 'Customer 4'],
      [6, 'Renamed 6'],
      [7, 'Renamed 7'],
    ]);
    const states = await opened.context.db.selectFrom('deliveries').select('state').orderBy('customer_id').execute();
    expect(states.map(({ state }) => state)).toEqual([...Array(8).fill('delivered'), 'dead', 'dead']);
  });
});
