import type { Transaction } from 'kysely';
import { listBackorders } from '../db/backorders.ts';
import { readKitsWithStock } from '../db/kits.ts';
import { insertPackageItems } from '../db/package-items.ts';
import { updateStatuses } from '../db/packages.ts';
import type { InventoryDatabase } from '../db/schema.ts';
import type { KitItem } from '../kit.ts';
import type { Stock } from './open-stock.ts';
import { takeKit } from './take-kit.ts';

/** Bounds how long one transaction blocks other writers; later transactions fill the rest. */
const filledMax = 500;

/** A type whose back-orders can be filled; `ids` are the oldest that have been read. */
type Queue = { type: string; wanted: KitItem[]; ids: number[]; after: number; batch: number };

/**
 * Fills the back-orders of these types, oldest first, as long as the stock suffices. A type that is short is dropped,
 * so that no younger package of a type overtakes an older one. A type without a kit waits for one: an earlier release
 * let a kit be deleted while back-orders waited.
 */
export async function fillBackorders(
  trx: Transaction<InventoryDatabase>,
  stock: Stock,
  types: string[],
): Promise<{ filled: number[]; isUnfinished: boolean }> {
  const { kits, stocked } = await readKitsWithStock(trx, types);
  await stock.load(stocked);
  let queues: Queue[] = [...kits].map(([type, wanted]) => ({ type, wanted, ids: [], after: 0, batch: 1 }));
  const filled: { id: number; taken: KitItem[] }[] = [];
  while (filled.length < filledMax) {
    queues = queues.filter(({ wanted }) => !stock.shortOf(wanted));
    for (const queue of queues) if (queue.ids.length === 0) await refill(trx, queue);
    queues = queues.filter(({ ids }) => ids.length > 0);
    const oldest = queues.reduce<Queue | undefined>(older, undefined);
    const id = oldest?.ids.shift();
    if (!oldest || id === undefined) break;
    takeKit(stock, id, oldest.wanted);
    filled.push({ id, taken: oldest.wanted });
  }
  const ids = filled.map(({ id }) => id);
  await updateStatuses(trx, ids, 'received');
  await insertPackageItems(
    trx,
    filled.flatMap(({ id, taken }) => taken.map((item) => ({ package_id: id, ...item }))),
  );
  return { filled: ids, isUnfinished: filled.length === filledMax };
}

/** Reads one package at first, then doubles: new stock often suffices only for a few. */
async function refill(trx: Transaction<InventoryDatabase>, queue: Queue): Promise<void> {
  queue.ids = await listBackorders(trx, queue.type, { after: queue.after, limit: queue.batch });
  queue.after = queue.ids.at(-1) ?? queue.after;
  queue.batch = Math.min(queue.batch * 2, filledMax);
}

function older(one: Queue | undefined, other: Queue): Queue {
  return one && (one.ids[0] ?? 0) < (other.ids[0] ?? 0) ? one : other;
}
