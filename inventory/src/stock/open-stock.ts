import { jsonTable } from '@doorstep/kit/database/json-table.ts';
import { type Selectable, sql, type Transaction } from 'kysely';
import type { ItemRow } from '../db/items.ts';
import type { InventoryDatabase } from '../db/schema.ts';
import { isLow } from '../item.ts';
import type { KitItem } from '../kit.ts';
import type { LowStock, Shortage } from '../stock-news.ts';

type StockedItem = Pick<ItemRow, 'id' | 'sku' | 'name' | 'quantity' | 'min_quantity' | 'is_active'>;
type Loaded = StockedItem & { wasLow: boolean };

/** `packageId`: the package that takes the items or gives them back. */
type Cause = { reason: string; packageId?: number };

type Change = {
  /** If given, a movement is written, even for 0. */
  by?: number | undefined;
  /** The new minimum: the item is low at or below it. */
  minimum?: number | undefined;
  /** 0 or 1: an inactive item is never low. */
  isActive?: number | undefined;
};

export type Stock = {
  time: string;
  /** Loads the items to be changed. Items that are loaded already stay as they are. */
  load(items: StockedItem[] | number[]): Promise<void>;
  change(itemId: number, change: Change, cause: Cause): void;
  shortOf(wanted: KitItem[]): Shortage | undefined;
  /** The items whose stock has risen since the last call. */
  takeRisen(): number[];
  /** Writes the changed stocks, and a movement for each change, in order. */
  flush(): Promise<void>;
  /** The items that are low now and were not before. */
  fallen(): LowStock[];
};

/**
 * The stock within a transaction. Stock changes nowhere else, so every change has its movement, and every fall to a
 * minimum is noticed. Changes are kept in memory until `flush`, which writes them in two statements, however many there
 * are. Safe because a schema has one writer at a time.
 */
export function openStock(trx: Transaction<InventoryDatabase>, time: string): Stock {
  const items = new Map<number, Loaded>();
  const changed = new Map<number, number>();
  const risen = new Set<number>();
  let movements: Movement[] = [];

  const itemOf = (id: number) => {
    const item = items.get(id);
    if (!item) throw new Error(`item ${id} was not loaded`);
    return item;
  };

  return {
    time,
    async load(wanted) {
      const rows = wanted.filter((item) => typeof item === 'object');
      const ids = wanted.filter((item) => typeof item === 'number').filter((id) => !items.has(id));
      if (ids.length > 0) rows.push(...(await readItems(trx, ids)));
      for (const row of rows) if (!items.has(row.id)) items.set(row.id, loaded(row));
    },
    change(itemId, { by, minimum, isActive }, { reason, packageId = null }) {
      const item = itemOf(itemId);
      const { quantity: before } = item;
      item.quantity += by ?? 0;
      item.min_quantity = minimum ?? item.min_quantity;
      item.is_active = isActive ?? item.is_active;
      const { quantity: after } = item;
      if (after < 0) throw new Error(`the stock of item ${itemId} would be ${after}`);
      if (by === undefined) return;
      if (by > 0) risen.add(itemId);
      changed.set(itemId, (changed.get(itemId) ?? 0) + by);
      movements.push({ item_id: itemId, change: by, before, after, reason, package_id: packageId });
    },
    shortOf(wanted) {
      const short = wanted.find(({ item_id, quantity }) => itemOf(item_id).quantity < quantity);
      if (!short) return undefined;
      const { sku, name, quantity, is_active } = itemOf(short.item_id);
      return { sku, name, isActive: is_active === 1, wanted: short.quantity, there: quantity };
    },
    takeRisen() {
      const ids = [...risen];
      risen.clear();
      return ids;
    },
    fallen: () =>
      [...items.values()]
        .filter((item) => !item.wasLow && isLow(item))
        .map(({ id, sku, name, quantity, min_quantity }) => ({ item_id: id, sku, name, quantity, min_quantity })),
    async flush() {
      if (movements.length > 0) {
        await writeQuantities(trx, changed, time);
        await insertMovements(trx, movements, time);
        changed.clear();
        movements = [];
      }
      // keeps only items that became low, or stopped being low: an import changes more than fits into memory
      for (const [id, item] of items) if (item.wasLow === isLow(item)) items.delete(id);
    },
  };
}

function loaded({ id, sku, name, quantity, min_quantity, is_active }: StockedItem): Loaded {
  const item = { id, sku, name, quantity, min_quantity, is_active };
  return { ...item, wasLow: isLow(item) };
}

function readItems(trx: Transaction<InventoryDatabase>, ids: number[]): Promise<StockedItem[]> {
  return trx
    .selectFrom('items')
    .select(['id', 'sku', 'name', 'quantity', 'min_quantity', 'is_active'])
    .where('id', 'in', ids)
    .execute();
}

async function writeQuantities(trx: Transaction<InventoryDatabase>, changed: Map<number, number>, time: string) {
  const rows = [...changed].map(([id, by]) => ({ id, by }));
  await sql`
    update items set quantity = items.quantity + changes.by, updated_at = ${time}, version = version + 1
      from ${jsonTable(trx, rows, { id: 'bigint', by: 'bigint' })} as changes where changes.id = items.id`.execute(trx);
}

type Movement = Omit<Selectable<InventoryDatabase['movements']>, 'id' | 'created_at'>;

async function insertMovements(trx: Transaction<InventoryDatabase>, movements: Movement[], time: string) {
  const rows = movements.map((movement, place) => ({ place, ...movement, created_at: time }));
  const table = jsonTable(trx, rows, {
    place: 'integer',
    item_id: 'bigint',
    change: 'bigint',
    before: 'bigint',
    after: 'bigint',
    reason: 'text',
    package_id: 'bigint',
    created_at: 'timestamptz',
  });
  const columns = ['item_id', 'change', 'before', 'after', 'reason', 'package_id', 'created_at'] as const;
  await trx
    .insertInto('movements')
    .columns([...columns])
    .expression((eb) => eb.selectFrom(table.as('moved')).select(columns).orderBy('place'))
    .execute();
}
