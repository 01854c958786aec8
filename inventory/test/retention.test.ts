import { join } from 'node:path';
import { openDatabase } from '@doorstep/kit/database/open.ts';
import { databases, freshDatabase } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { describe, expect, it } from 'vitest';
import { readInventoryConfig } from '../src/config.ts';
import { deleteOldAlerts } from '../src/db/alerts.ts';
import type { InventoryDatabase } from '../src/db/schema.ts';
import { startInventory } from '../src/inventory.ts';
import { startWebhookReceiver } from './a-webhook-receiver.ts';
import { allTold, fall, startTelling } from './low-stock.ts';
import { inventoryEnvironment } from './start.ts';

const dayMs = 86_400_000;
const migrations = join(import.meta.dirname, '../migrations');
const at = '2026-01-01T00:00:00.000Z';

const open = (url: string) =>
  openDatabase<InventoryDatabase>({ url, schema: 'inventory', migrations, onError: () => undefined });

describe.each(databases)('sent alerts on %s', (kind) => {
  it('are kept, deleted in steps of 500 once they are old, and never before they are sent', async () => {
    await using database = await freshDatabase(kind);
    const { db, write, close } = await open(database.url);
    const alert = { item_id: 1, message_id: 'msg_1', body: '{}', next_attempt_at: at, created_at: at };
    const times = [null, ...Array(501).fill(at), '2026-01-02T00:00:00.000Z'];
    await db
      .insertInto('low_stock_alerts')
      .values(times.map((sent_at) => ({ ...alert, sent_at })))
      .execute();

    const before = '2026-01-02T00:00:00.000Z';
    expect(await write((trx) => deleteOldAlerts(trx, before))).toBe(true);
    expect(await write((trx) => deleteOldAlerts(trx, before))).toBe(false);
    const left = await db.selectFrom('low_stock_alerts').select(['id', 'sent_at']).orderBy('id').execute();
    await close();
    expect(left).toEqual([
      { id: 1, sent_at: null },
      { id: 503, sent_at: before },
    ]);
  });

  it('are deleted by an Inventory with RETENTION_DAYS', async () => {
    await using receiver = await startWebhookReceiver();
    await using database = await freshDatabase(kind);
    {
      await using inventory = await startTelling(database, receiver);
      await fall(inventory);
      await allTold(inventory);
    }
    const { db, close } = await open(database.url);
    const kept = () => db.selectFrom('low_stock_alerts').selectAll().execute();
    expect(await kept()).toMatchObject([{ sent_at: expect.any(String) }]);

    const clock = { now: () => new Date(Date.now() + 2 * dayMs), monotonicMs: () => performance.now() };
    const config = readInventoryConfig(inventoryEnvironment(database, { RETENTION_DAYS: '1' }));
    await using _ = await startInventory(config, { clock });
    await eventually(async () => expect(await kept()).toEqual([]));
    await close();
  });
});
