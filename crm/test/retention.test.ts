import { databases } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { describe, expect, it } from 'vitest';
import { readCrmConfig } from '../src/config.ts';
import { startCrm } from '../src/crm.ts';
import { deleteOldEvents } from '../src/db/events.ts';
import { listEvents, withoutBucket } from './publishing.ts';
import { addCustomer, crmEnvironment, databaseWithAdmin, openCrmDatabase, startCrmOn } from './start.ts';

const dayMs = 86_400_000;
const before = '2026-01-02T00:00:00.000Z';

describe.each(databases)('old events on %s', (kind) => {
  it('are deleted in steps of 500 once they are published, and never before', async () => {
    await using database = await databaseWithAdmin(kind);
    await using opened = await openCrmDatabase(database);
    const { db, write } = opened;
    const event = { type: 'CustomerCreated' as const, customer_id: 1, time: '2026-01-01T00:00:00.000Z', data: '{}' };
    const times = [
      ...Array(501).fill('2026-01-01T00:00:00.000Z'),
      '2026-01-02T00:00:00.000Z', // too young
      null,
    ];
    await db
      .insertInto('events')
      .values(times.map((published_at) => ({ ...event, published_at })))
      .execute();

    expect(await write((trx) => deleteOldEvents(trx, before))).toBe(true);
    expect(await write((trx) => deleteOldEvents(trx, before))).toBe(false);
    const left = await db.selectFrom('events').select(['id', 'published_at']).orderBy('id').execute();
    expect(left).toEqual([
      { id: 502, published_at: '2026-01-02T00:00:00.000Z' },
      { id: 503, published_at: null },
    ]);
  });

  it('are deleted by a CRM with RETENTION_DAYS', async () => {
    await using database = await databaseWithAdmin(kind);
    const settings = { ...withoutBucket, RETENTION_DAYS: '1' };
    {
      await using crm = await startCrmOn(database, settings);
      await addCustomer(crm);
      await addCustomer(crm);
      await using opened = await openCrmDatabase(database);
      const now = new Date().toISOString();
      await opened.db.updateTable('events').set({ published_at: now }).where('id', '=', 1).execute();
    }
    const clock = { now: () => new Date(Date.now() + 2 * dayMs), monotonicMs: () => performance.now() };
    await using crm = await startCrm(readCrmConfig(crmEnvironment(database, settings)), { clock });
    await eventually(async () => expect((await listEvents(crm)).map(({ id }) => id)).toEqual([2]));
  });
});
