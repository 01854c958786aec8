import type { Clock } from '@doorstep/kit/clock.ts';
import type { Database } from '@doorstep/kit/database/open.ts';
import type { InventoryDatabase } from './db/schema.ts';
import type { StockNews } from './stock-news.ts';

export type InventoryContext = Pick<Database<InventoryDatabase>, 'db' | 'write'> & {
  clock: Clock;
  /** Whether alerts go to a webhook, so that they have to be kept until they have got there. */
  sendsAlerts: boolean;
  /** To be told what has come of changes of the stock, once they are committed. */
  tell: (news: StockNews) => void;
};
