import { join } from 'node:path';
import { loadSecretKey } from '@doorstep/kit/auth/secret-key.ts';
import { createTokens, type Tokens } from '@doorstep/kit/auth/tokens.ts';
import { createHttpClient } from '@doorstep/kit/client/http-client.ts';
import { followSameHost } from '@doorstep/kit/client/same-host-redirects.ts';
import { serviceToken } from '@doorstep/kit/client/service-token.ts';
import { type Clock, systemClock } from '@doorstep/kit/clock.ts';
import { type Database, openDatabase } from '@doorstep/kit/database/open.ts';
import type { Logger } from '@doorstep/kit/process/logger.ts';
import { createRegistry } from '@doorstep/kit/process/metrics.ts';
import { formatDuration } from '@doorstep/kit/text/format-duration.ts';
import type { Registry } from 'prom-client';
import { recordCrmCall, recordInventoryCall } from './adapters/call-recorder.ts';
import { crmClient } from './adapters/crm-client.ts';
import { isUsable } from './adapters/inventory-answers.ts';
import { inventoryClient } from './adapters/inventory-client.ts';
import { inventoryIdempotency } from './adapters/inventory-idempotency.ts';
import { createProbe } from './adapters/probe.ts';
import type { MiddlewareConfig } from './config.ts';
import type { MiddlewareContext } from './context.ts';
import { rememberPackageType } from './db/package-types.ts';
import type { LedgerDatabase } from './db/schema.ts';
import { takeLedgerForSource } from './db/source.ts';
import { inventoryNames, type NameOptions } from './inventory-names.ts';
import { createMiddlewareMetrics } from './metrics.ts';
import type { Idempotency, Probe } from './ports.ts';
import { ledgerSummary } from './queries/ledger-summary.ts';
import { createSettling } from './settling.ts';

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
const crmAnswerBytesMax = 64 * 1024 * 1024;
const quickRetryWaitMs = 1_000;

/** Opens the ledger and makes everything that the work needs, for the daemon and for the command line. */
export async function openContext(
  config: MiddlewareConfig,
  logger: Logger,
  { clock = systemClock, adapt = (context) => context }: Overrides = {},
): Promise<OpenContext> {
  await using resources = new AsyncDisposableStack();
  const opened = await openDatabase<LedgerDatabase>({
    url: config.databaseUrl,
    schema: 'middleware',
    migrations: join(import.meta.dirname, '../migrations'),
    onError: (error) => logger.warn(`a database connection was lost: ${error.message}`),
  });
  const database = resources.adopt(opened, (open) => open.close());
  await takeLedgerForSource(database, config.sourceName);
  const { packageType, sourceName } = config;
  const earlierTypes = await rememberPackageType(database, packageType);
  const naming = { packageType, sourceName, earlierTypes };
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
    names: inventoryNames(naming),
    ...connect(config, { ...connectHttp(config, { tokens, clock }), clock, logger, naming }),
    settling: createSettling(clock, config.delivery.timeoutMs + config.delivery.settleMs),
    concurrency: config.delivery.concurrency,
    waitsMs: config.delivery.waitsMs,
    startFrom: config.startFrom,
  });
  const running = resources.move();
  return { context, database, tokens, registry, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

type Means = { tokens: Tokens; clock: Clock };

function connectHttp(config: MiddlewareConfig, { tokens, clock }: Means) {
  const { crm, inventory, delivery, proxies } = config;
  const crmHttp = createHttpClient({
    baseUrl: crm.url,
    timeoutMs: crmTimeoutMs,
    connectionsMax: crmConnectionsMax,
    answerBytesMax: crmAnswerBytesMax,
    token: serviceToken({ tokens, clock, subject: 'middleware', configured: crm.token }),
    proxies,
    onCall: recordCrmCall,
  });
  const inventoryHttp = createHttpClient({
    baseUrl: inventory.url,
    timeoutMs: delivery.timeoutMs,
    connectionsMax: delivery.concurrency,
    token: serviceToken({ tokens, clock, subject: 'middleware', configured: inventory.token }),
    proxies,
    isUsable,
    onCall: recordInventoryCall,
  });
  followSameHost(crmHttp);
  followSameHost(inventoryHttp);
  return { crmHttp, inventoryHttp };
}

type Connection = ReturnType<typeof connectHttp> & { clock: Clock; logger: Logger; naming: NameOptions };

/** The two neighbours. */
function connect(config: MiddlewareConfig, { crmHttp, inventoryHttp, clock, logger, naming }: Connection) {
  const { inventory, delivery } = config;
  const onQuickRetry = (who: string, reason: string, waitMs: number) => {
    logger.info(`${who}: ${reason}; quick retry in ${formatDuration(waitMs)}`);
  };
  const settleMs = delivery.timeoutMs + delivery.settleMs;
  const onLearned = (idempotency: Idempotency) => {
    const kind =
      idempotency === 'permanent'
        ? 'refuses a second package for ever: a post without an answer is repeated at once'
        : `does not say that it refuses a second package: a post without an answer is looked up after ${formatDuration(settleMs)}`;
    logger.info(`the Inventory ${kind}`);
  };
  return {
    source: crmClient(crmHttp, config.pollPageSize),
    target: inventoryClient(inventoryHttp, {
      ...naming,
      idempotency: inventoryIdempotency(inventoryHttp, { setting: inventory.idempotency, clock, onLearned }),
      retriesMax: delivery.retriesMax,
      firstWaitMs: quickRetryWaitMs,
      random: Math.random,
      onQuickRetry,
    }),
  };
}

/** Its own connections, for questions that the daemon does not ask. */
export function openProbe(config: MiddlewareConfig, tokens: Tokens, { clock, logger }: MiddlewareContext): Probe {
  const http = connectHttp(config, { tokens, clock });
  const urls = { crm: config.crm.url, inventory: config.inventory.url };
  return createProbe({ urls, ...http, ...connect(config, { ...http, clock, logger, naming: config }) });
}
