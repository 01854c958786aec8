import { join } from 'node:path';
import { loadSecretKey } from '@doorstep/kit/auth/secret-key.ts';
import { createTokens, type Tokens } from '@doorstep/kit/auth/tokens.ts';
import { createHttpClient } from '@doorstep/kit/client/http-client.ts';
import { serviceToken } from '@doorstep/kit/client/service-token.ts';
import { type Clock, systemClock } from '@doorstep/kit/clock.ts';
import { type Database, openDatabase } from '@doorstep/kit/database/open.ts';
import type { Logger } from '@doorstep/kit/process/logger.ts';
import { createRegistry } from '@doorstep/kit/process/metrics.ts';
import { formatDuration } from '@doorstep/kit/text/format-duration.ts';
import type { Registry } from 'prom-client';
import { crmClient } from './adapters/crm-client.ts';
import { isUsable } from './adapters/inventory-answers.ts';
import { inventoryClient } from './adapters/inventory-client.ts';
import type { MiddlewareConfig } from './config.ts';
import type { MiddlewareContext } from './context.ts';
import type { LedgerDatabase } from './db/schema.ts';
import { createMiddlewareMetrics } from './metrics.ts';
import { ledgerSummary } from './queries/ledger-summary.ts';

export type Overrides = {
  clock?: Clock;
  /** Puts something else, or something more, in the place of parts of the context. */
  adapt?: (context: MiddlewareContext) => MiddlewareContext;
};

export type OpenContext = AsyncDisposable & {
  context: MiddlewareContext;
  database: Database<LedgerDatabase>;
  tokens: Tokens;
  registry: Registry;
};

/** Polling the CRM and reporting to it. */
const crmConnectionsMax = 2;
const crmTimeoutMs = 10_000;
/** A whole list of customers fits; an endless answer does not. */
const crmAnswerBytesMax = 256 * 1024 * 1024;
const quickRetryWaitMs = 1_000;

/** Opens the ledger and makes everything that the work needs, for the daemon and for the command line. */
export async function openContext(
  config: MiddlewareConfig,
  logger: Logger,
  { clock = systemClock, adapt = (context) => context }: Overrides = {},
): Promise<OpenContext> {
  const database = await openDatabase<LedgerDatabase>({
    url: config.databaseUrl,
    schema: 'middleware',
    migrations: join(import.meta.dirname, '../migrations'),
    onError: (error) => logger.warn(`a database connection was lost: ${error.message}`),
  });
  const { db, write } = database;
  const registry = createRegistry();
  const tokens = createTokens(loadSecretKey(config.jwtSecretKey, config.dataDir));
  const context: MiddlewareContext = adapt({
    db,
    write,
    clock,
    random: Math.random,
    logger,
    metrics: createMiddlewareMetrics(registry, () => ledgerSummary({ db, clock })),
    ...connect(config, { tokens, clock, logger }),
    concurrency: config.delivery.concurrency,
    waitsMs: config.delivery.waitsMs,
    startFrom: config.startFrom,
  });
  return { context, database, tokens, registry, [Symbol.asyncDispose]: () => database.close() };
}

type Means = { tokens: Tokens; clock: Clock; logger: Logger };

/** The two neighbours. */
function connect(config: MiddlewareConfig, { tokens, clock, logger }: Means) {
  const { crm, inventory, delivery } = config;
  const crmHttp = createHttpClient({
    baseUrl: crm.url,
    timeoutMs: crmTimeoutMs,
    connectionsMax: crmConnectionsMax,
    answerBytesMax: crmAnswerBytesMax,
    token: serviceToken({ tokens, clock, subject: 'middleware', configured: crm.token }),
  });
  const inventoryHttp = createHttpClient({
    baseUrl: inventory.url,
    timeoutMs: delivery.timeoutMs,
    connectionsMax: delivery.concurrency,
    token: serviceToken({ tokens, clock, subject: 'middleware', configured: inventory.token }),
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
