import type { Transaction } from 'kysely';
import type { InventoryContext } from '../context.ts';
import { insertAlerts } from '../db/alerts.ts';
import { typesWithItems } from '../db/kits.ts';
import type { InventoryDatabase } from '../db/schema.ts';
import type { Backorder, StockNews } from '../stock-news.ts';
import { fillBackorders } from './fill-backorders.ts';
import { openStock, type Stock } from './open-stock.ts';

export type StockWrite = {
  trx: Transaction<InventoryDatabase>;
  stock: Stock;
  backordered: Backorder[];
  /**
   * Fills back-orders of these types, and of those whose items have risen, and writes all changes. `writeStock` calls
   * it at the end; call it earlier to return the stock that is left. Returns whether more back-orders may be fillable.
   */
  settle(types?: string[]): Promise<boolean>;
};

export type StockContext = Pick<InventoryContext, 'write' | 'clock' | 'sendsAlerts' | 'tell'>;

/**
 * Runs a write that changes the stock. The same transaction fills back-orders and stores alerts; the news is reported
 * after the commit.
 */
export async function writeStock<T>(context: StockContext, run: (write: StockWrite) => Promise<T>): Promise<T> {
  const { value, news } = await context.write((trx) => changeStock(trx, context, run));
  context.tell(news);
  return value;
}

/** Like `writeStock`, inside a transaction: the caller reports the news after its commit. */
export async function changeStock<T>(
  trx: Transaction<InventoryDatabase>,
  { clock, sendsAlerts }: StockContext,
  run: (write: StockWrite) => Promise<T>,
): Promise<{ value: T; news: StockNews }> {
  const stock = openStock(trx, clock.now().toISOString());
  const backordered: Backorder[] = [];
  const filled: number[] = [];
  let isUnfinished = false;
  const settle = async (types: string[] = []) => {
    const waiting = new Set([...types, ...(await typesWithItems(trx, stock.takeRisen()))]);
    if (waiting.size > 0) {
      const outcome = await fillBackorders(trx, stock, [...waiting]);
      filled.push(...outcome.filled);
      isUnfinished ||= outcome.isUnfinished;
    }
    await stock.flush();
    return isUnfinished;
  };
  const value = await run({ trx, stock, backordered, settle });
  await settle();
  const low = stock.fallen();
  if (sendsAlerts) await insertAlerts(trx, low, stock.time);
  return { value, news: { low, backordered, filled, isUnfinished } };
}
