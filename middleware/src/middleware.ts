import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTokens, loadSecretKey, type Tokens } from '@doorstep/kit/auth.ts';
import { type Clock, systemClock } from '@doorstep/kit/clock.ts';
import { takeOwnerLock } from '@doorstep/kit/database/lock.ts';
import { openDatabase } from '@doorstep/kit/database/open.ts';
import { serve } from '@doorstep/kit/http/serve.ts';
import { type Running, shutdownTimeoutMs } from '@doorstep/kit/lifecycle.ts';
import { createLogger, type Logger } from '@doorstep/kit/logger.ts';
import { createRegistry } from '@doorstep/kit/metrics.ts';
import { schedule } from 'node-cron';
import packageJson from '../package.json' with { type: 'json' };
import { crmClient } from './adapters/crm-client.ts';
import { createHttpClient } from './adapters/http-client.ts';
import { isUsable } from './adapters/inventory-answers.ts';
import { inventoryClient } from './adapters/inventory-client.ts';
import { serviceToken } from './adapters/service-token.ts';
import type { MiddlewareConfig } from './config.ts';
import type { MiddlewareContext } from './context.ts';
import type { LedgerDatabase } from './db/schema.ts';
import { createMiddlewareMetrics } from './metrics.ts';
import { routes } from './operations/routes.ts';
import { ledgerSummary } from './queries/ledger-summary.ts';
import { formatDuration } from './sync/format.ts';
import { createSync } from './sync/run-once.ts';

const { version } = packageJson;
const info = {
  title: 'Doorstep middleware',
  description: 'How the deliveries go. Each customer of the CRM gets one welcome package in the Inventory.',
  version,
};
/** Polling the CRM and reporting to it. */
const crmConnectionsMax = 2;
const crmTimeoutMs = 10_000;
const quickRetryWaitMs = 1_000;

/** Starts the daemon: takes the ledger for itself, opens its operations port, polls at once and then on schedule. */
export async function startMiddleware(config: MiddlewareConfig, overrides: { clock?: Clock } = {}): Promise<Running> {
  await using resources = new AsyncDisposableStack();
  const logger = createLogger('middleware', config.log);
  const clock = overrides.clock ?? systemClock;
  const lock = resources.adopt(await takeOwnerLock(config.databaseUrl, 'middleware'), (held) => held.release());
  const database = resources.adopt(
    await openDatabase<LedgerDatabase>({
      url: config.databaseUrl,
      schema: 'middleware',
      migrations: join(import.meta.dirname, '../migrations'),
      onError: (error) => logger.warn(`a database connection was lost: ${error.message}`),
    }),
    (open) => open.close(),
  );
  const { db, write } = database;
  const registry = createRegistry();
  const tokens = createTokens(loadSecretKey(config.jwtSecretKey, config.dataDir));
  const context: MiddlewareContext = {
    db,
    write,
    clock,
    random: Math.random,
    logger,
    metrics: createMiddlewareMetrics(registry, () => ledgerSummary({ db, clock })),
    ...connect(config, { tokens, clock, logger }),
    concurrency: config.delivery.concurrency,
    waitsMs: config.delivery.waitsMs,
  };
  const sync = createSync(context, lock.ensure);
  const listener = resources.adopt(
    await serve({
      service: 'middleware',
      info,
      config,
      context: { db, clock, version, lastPoll: sync.lastPoll },
      routes,
      checks: { ledger: database.check },
      logger,
      registry,
      tokens,
    }),
    (open) => open.close(),
  );
  logger.info(
    `middleware ${version} listens on ${listener.url}; CRM ${config.crm.url}, Inventory ${config.inventory.url}`,
  );
  const task = schedule(config.pollCron, () => sync.poll(), { noOverlap: true, logger: cronLogger(logger) });
  void sync.poll();
  const running = resources.move();
  return {
    url: listener.url,
    [Symbol.asyncDispose]: async () => {
      await task.destroy();
      // what does not end in time is in doubt, and looked up at the next start
      await Promise.race([sync.stop(), sleep(shutdownTimeoutMs, undefined, { ref: false })]);
      await running.disposeAsync();
      logger.info('middleware stopped');
    },
  };
}

type Means = { tokens: Tokens; clock: Clock; logger: Logger };

/** The two neighbours. */
function connect(config: MiddlewareConfig, { tokens, clock, logger }: Means) {
  const { crm, inventory, delivery } = config;
  const crmHttp = createHttpClient({
    baseUrl: crm.url,
    timeoutMs: crmTimeoutMs,
    connectionsMax: crmConnectionsMax,
    token: serviceToken(tokens, clock, crm.token),
  });
  const inventoryHttp = createHttpClient({
    baseUrl: inventory.url,
    timeoutMs: delivery.timeoutMs,
    connectionsMax: delivery.concurrency,
    token: serviceToken(tokens, clock, inventory.token),
    isUsable,
  });
  const onQuickRetry = (who: string, reason: string, waitMs: number) => {
    logger.info(`${who}: ${reason}; quick retry in ${formatDuration(waitMs)}`);
  };
  return {
    source: crmClient(crmHttp, config.pollPageSize),
    target: inventoryClient(inventoryHttp, {
      packageType: config.packageType,
      retriesMax: delivery.retriesMax,
      firstWaitMs: quickRetryWaitMs,
      random: Math.random,
      onQuickRetry,
    }),
  };
}

/** What node-cron has to say (a tick missed while the machine slept, or left out because a poll took long) is worth a debug line. */
function cronLogger(logger: Logger) {
  const quietly = (message: string | Error) => void logger.debug(String(message));
  return {
    info: quietly,
    warn: quietly,
    debug: quietly,
    error: (message: string | Error) => void logger.error(String(message)),
  };
}
