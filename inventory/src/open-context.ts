import { join } from 'node:path';
import { type Clock, systemClock } from '@doorstep/kit/clock.ts';
import { type Database, openDatabase } from '@doorstep/kit/database/open.ts';
import type { Logger } from '@doorstep/kit/process/logger.ts';
import type { InventoryConfig } from './config.ts';
import type { InventoryContext } from './context.ts';
import type { InventoryDatabase } from './db/schema.ts';
import { describeNews } from './stock/describe-news.ts';
import type { StockNews } from './stock-news.ts';

type Options = {
  config: InventoryConfig;
  logger: Logger;
  clock?: Clock | undefined;
  /** Called with the news after it is logged. */
  onNews?: (news: StockNews) => void;
};

export async function openContext({ config, logger, clock = systemClock, onNews }: Options) {
  const database: Database<InventoryDatabase> = await openDatabase({
    url: config.databaseUrl,
    schema: 'inventory',
    migrations: join(import.meta.dirname, '../migrations'),
    onError: (error) => logger.warn(`a database connection was lost: ${error.message}`),
    onNotice: (sentence) => logger.warn(sentence),
  });
  const context: InventoryContext = {
    db: database.db,
    write: database.write,
    clock,
    sendsAlerts: config.webhook !== undefined,
    tell(news) {
      for (const { level, text } of describeNews(news)) logger.log(level, text);
      onNews?.(news);
    },
  };
  return { context, check: database.check, [Symbol.asyncDispose]: () => database.close() };
}
