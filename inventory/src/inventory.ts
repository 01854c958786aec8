import { join } from 'node:path';
import { createTokens, loadSecretKey } from '@doorstep/kit/auth.ts';
import { type Clock, systemClock } from '@doorstep/kit/clock.ts';
import { openDatabase } from '@doorstep/kit/database/open.ts';
import { serve } from '@doorstep/kit/http/serve.ts';
import type { Running } from '@doorstep/kit/lifecycle.ts';
import { createLogger } from '@doorstep/kit/logger.ts';
import { createRegistry } from '@doorstep/kit/metrics.ts';
import packageJson from '../package.json' with { type: 'json' };
import type { InventoryConfig } from './config.ts';
import type { InventoryContext } from './context.ts';
import type { InventoryDatabase } from './db/schema.ts';
import { describeNews } from './describe-news.ts';
import { routes } from './http/routes.ts';

const info = {
  title: 'Doorstep Inventory',
  description:
    'Welcome packages, one per customer and type, for ever; the items that they are made of, and their stock. With REQUIRE_AUTH, `POST /v1/auth/login` of the CRM gives a token for *Authorize*.',
  version: packageJson.version,
};

/** Starts the Inventory: opens its database, listens. */
export async function startInventory(config: InventoryConfig, overrides: { clock?: Clock } = {}): Promise<Running> {
  await using resources = new AsyncDisposableStack();
  const logger = createLogger('inventory', config.log);
  const database = resources.adopt(
    await openDatabase<InventoryDatabase>({
      url: config.databaseUrl,
      schema: 'inventory',
      migrations: join(import.meta.dirname, '../migrations'),
      onError: (error) => logger.warn(`a database connection was lost: ${error.message}`),
    }),
    (open) => open.close(),
  );
  const context: InventoryContext = {
    db: database.db,
    write: database.write,
    clock: overrides.clock ?? systemClock,
    sendsAlerts: config.webhook !== undefined,
    tell: (news) => {
      for (const { level, text } of describeNews(news)) logger.log(level, text);
    },
  };
  const listener = resources.adopt(
    await serve({
      service: 'inventory-service',
      info,
      config,
      context,
      routes,
      checks: { database: database.check },
      logger,
      registry: createRegistry(),
      tokens: createTokens(loadSecretKey(config.jwtSecretKey, config.dataDir)),
    }),
    (open) => open.close(),
  );
  logger.info(`inventory ${info.version} listens on ${listener.url}, docs on ${listener.url}/docs`);
  const running = resources.move();
  return {
    url: listener.url,
    [Symbol.asyncDispose]: async () => {
      await running.disposeAsync();
      logger.info('inventory stopped');
    },
  };
}
