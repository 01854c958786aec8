import type { Clock } from '@doorstep/kit/clock.ts';
import type { Database } from '@doorstep/kit/database/open.ts';
import type { InventoryDatabase } from './db/schema.ts';
import type { StockNews } from './stock-news.ts';

export type InventoryContext = Pick<Database<InventoryDatabase>, 'db' | 'write'> & {
  clock: Clock;
  /** Whether alerts go to a webhook; if so, each is stored until the webhook accepts it. */
  sendsAlerts: boolean;
  /** Reports the effects of a stock change. Call it after the commit. */
  tell: (news: StockNews) => void;
};
