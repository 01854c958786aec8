import type { Clock } from '@doorstep/kit/clock.ts';
import type { Database } from '@doorstep/kit/database/open.ts';
import type { InventoryDatabase } from './db/schema.ts';
import type { Creation, KeyedRequest } from './package.ts';
import type { StockNews } from './stock-news.ts';

export type InventoryContext = Pick<Database<InventoryDatabase>, 'db' | 'write'> & {
  clock: Clock;
  /** Whether alerts go to a webhook, so that they have to be kept until they have got there. */
  sendsAlerts: boolean;
  /**
   * Makes a package, together with those that are to be made at the same time.
   * @throws AppError `unprocessable` where the key came with another request before.
   */
  addPackage: (asked: KeyedRequest) => Promise<Creation>;
  /** To be told what has come of changes of the stock, once they are committed. */
  tell: (news: StockNews) => void;
};
