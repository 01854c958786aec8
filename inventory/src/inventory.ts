import { loadSecretKey } from '@doorstep/kit/auth/secret-key.ts';
import { createTokens } from '@doorstep/kit/auth/tokens.ts';
import type { Clock } from '@doorstep/kit/clock.ts';
import { serve } from '@doorstep/kit/http/serve.ts';
import { guardFiles } from '@doorstep/kit/process/guard-files.ts';
import type { Running } from '@doorstep/kit/process/lifecycle.ts';
import { createLogger } from '@doorstep/kit/process/logger.ts';
import { createRegistry } from '@doorstep/kit/process/metrics.ts';
import type { ProxySettings } from '@doorstep/kit/process/proxy-settings.ts';
import { takeOwnerLock } from '@doorstep/kit/work/owner-lock.ts';
import { startRetention } from '@doorstep/kit/work/retention.ts';
import type { Worker } from '@doorstep/kit/work/worker.ts';
import packageJson from '../package.json' with { type: 'json' };
import { startUpkeep } from './background/start-upkeep.ts';
import type { InventoryConfig, WebhookSettings } from './config.ts';
import { countAlerts, deleteOldAlerts } from './db/alerts.ts';
import { countBackorders } from './db/backorders.ts';
import { countLowItems } from './db/items.ts';
import { routes } from './http/routes.ts';
import { createStockMetrics } from './metrics.ts';
import { openContext } from './open-context.ts';
import type { AlertTarget } from './ports.ts';

const info = {
  title: 'Doorstep Inventory',
  description: [
    'Creates at most one welcome package per customer and package type, permanently. Manages items, stock and kits.',
    'With `REQUIRE_AUTH=true`, get a token for *Authorize* from `POST /v1/auth/login` of the CRM.',
  ].join(' '),
  version: packageJson.version,
  tags: {
    packages: 'Request, read and ship packages',
    'packages, older shape': 'The same packages under the field names of an earlier system',
    items: 'The catalogue of items, with prices and stock levels',
    stock: 'Change the stock of an item and read its history',
    kits: 'The items that a package of a type takes from stock',
  },
};

/** Starts the Inventory: opens its database, starts the back-order and alert worker, and listens. */
export async function startInventory(config: InventoryConfig, overrides: { clock?: Clock } = {}): Promise<Running> {
  await using resources = new AsyncDisposableStack();
  const logger = createLogger('inventory', config.log);
  guardFiles('inventory', config, logger);
  const registry = createRegistry();
  let upkeep: Worker | undefined;
  const { context, check } = resources.use(
    await openContext({
      config,
      logger,
      clock: overrides.clock,
      onNews({ low, isUnfinished }) {
        metrics.alerts.inc(low.length);
        if (low.length > 0 || isUnfinished) upkeep?.wake();
      },
    }),
  );
  const { db, clock } = context;
  const metrics = createStockMetrics(registry, {
    backordered: () => countBackorders(db),
    low: () => countLowItems(db),
    waitingAlerts: () => countAlerts(db),
  });
  upkeep = resources.use(
    startUpkeep({
      context,
      target: config.webhook && (await connectWebhook(config.webhook, clock, config.proxies)),
      logger,
      metrics,
      random: Math.random,
      takeLock: () =>
        takeOwnerLock(config.databaseUrl, 'inventory', { refusal: 'Another process handles back-orders and alerts' }),
    }),
  );
  const retention = startRetention({
    days: config.retentionDays,
    clock,
    logger,
    deleteSome: (before) => context.write((trx) => deleteOldAlerts(trx, before)),
  });
  resources.use(retention);
  const listener = resources.adopt(
    await serve({
      service: 'inventory-service',
      info,
      // the unique constraint and the stored keys refuse a second package for ever
      traits: { idempotency: 'permanent' },
      config,
      context,
      routes,
      checks: { database: check },
      logger,
      registry,
      tokens: createTokens(loadSecretKey(config.jwtSecretKey, config.dataDir)),
    }),
    (open) => open.close(),
  );
  logger.info(`inventory ${info.version} listens on ${listener.url}`);
  const running = resources.move();
  return {
    url: listener.url,
    [Symbol.asyncDispose]: async () => {
      upkeep.beginStop();
      retention?.beginStop();
      await running.disposeAsync();
      logger.info('inventory stopped');
    },
  };
}

/** Imports on demand: an HTTP client is slow to load, and most installations have no webhook. */
async function connectWebhook(settings: WebhookSettings, clock: Clock, proxies: ProxySettings): Promise<AlertTarget> {
  const { webhookTarget } = await import('./adapters/webhook.ts');
  return webhookTarget(settings, clock, proxies);
}
