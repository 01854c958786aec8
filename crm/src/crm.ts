import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import { loadSecretKey } from '@doorstep/kit/auth/secret-key.ts';
import { createTokens } from '@doorstep/kit/auth/tokens.ts';
import { createHttpClient } from '@doorstep/kit/client/http-client.ts';
import { serviceToken } from '@doorstep/kit/client/service-token.ts';
import { type Clock, systemClock } from '@doorstep/kit/clock.ts';
import { openDatabase } from '@doorstep/kit/database/open.ts';
import { serve } from '@doorstep/kit/http/serve.ts';
import { guardFiles } from '@doorstep/kit/process/guard-files.ts';
import type { Running } from '@doorstep/kit/process/lifecycle.ts';
import { createLogger, type Logger } from '@doorstep/kit/process/logger.ts';
import { createRegistry } from '@doorstep/kit/process/metrics.ts';
import { printable } from '@doorstep/kit/text/printable.ts';
import { takeOwnerLock } from '@doorstep/kit/work/owner-lock.ts';
import { startRetention } from '@doorstep/kit/work/retention.ts';
import type { Worker } from '@doorstep/kit/work/worker.ts';
import type { Registry } from 'prom-client';
import packageJson from '../package.json' with { type: 'json' };
import { createBreaker } from './adapters/breaker.ts';
import { inventoryItems } from './adapters/inventory-items.ts';
import { actingAs } from './commands/acting-as.ts';
import { ensureAdmin } from './commands/ensure-admin.ts';
import type { CrmConfig } from './config.ts';
import type { CrmContext } from './context.ts';
import { deleteOldEvents, unpublishedBacklog } from './db/events.ts';
import type { CrmDatabase } from './db/schema.ts';
import { startPublisher } from './events/start-publisher.ts';
import { routes } from './http/routes.ts';
import { loginAddressKey } from './login-address.ts';
import { createEventMetrics } from './metrics.ts';
import { createPasswordWork } from './password-work.ts';
import { verifyCaller } from './queries/verify-caller.ts';

const info = {
  title: 'Doorstep CRM',
  description:
    'Customers, leads, actions and processes. Each customer gets a welcome package. `POST /v1/auth/login` returns a token for *Authorize*.',
  version: packageJson.version,
  tags: {
    customers: 'Add and read customers. Each new customer gets one welcome package',
    accounts: 'Search, change, delete and restore customers, and let them log in',
    leads: 'People who may become customers',
    actions: 'Calls, emails and meetings with a lead',
    processes: 'Sales processes: status, last action and next follow-up',
    'my items': 'Items in the Inventory that belong to the customer who is logged in',
    events: 'The log of all changes to customers',
    login: 'Access tokens',
  },
};

/** Starts the CRM: opens its database, creates the admin, listens. */
export async function startCrm(config: CrmConfig, overrides: { clock?: Clock } = {}): Promise<Running> {
  await using resources = new AsyncDisposableStack();
  const logger = createLogger('crm', config.log);
  guardFiles('crm', config, logger);
  const database = resources.adopt(
    await openDatabase<CrmDatabase>({
      url: config.databaseUrl,
      schema: 'crm',
      migrations: join(import.meta.dirname, '../migrations'),
      onError: (error) => logger.warn(`a database connection was lost: ${error.message}`),
      onNotice: (sentence) => logger.warn(sentence),
    }),
    (open) => open.close(),
  );
  const registry = createRegistry();
  const clock = overrides.clock ?? systemClock;
  const secretKey = loadSecretKey(config.jwtSecretKey, config.dataDir);
  const tokens = createTokens(secretKey);
  const means = { db: database.db, write: database.write, clock, logger, registry };
  const publisher = await publishEvents(config, means, resources);
  const retention = startRetention({
    days: config.retentionDays,
    clock,
    logger,
    deleteSome: (before) => database.write((trx) => deleteOldEvents(trx, before)),
  });
  resources.use(retention);
  const context: CrmContext = {
    db: database.db,
    write: database.write,
    clock,
    tokens,
    tokenExpiresSeconds: config.tokenExpiresSeconds,
    passwordWork: createPasswordWork(),
    loginAddressKey: loginAddressKey(secretKey),
    items: connectInventory(config, { ...means, tokens }),
    integrationChanges: new EventEmitter().setMaxListeners(0),
    eventsWritten: () => publisher?.wake(),
  };
  const password = await ensureAdmin(context, config.admin);
  if (password) showPassword(config, password);
  const listener = resources.adopt(
    await serve({
      service: 'crm-service',
      info,
      config,
      context,
      actingAs: (caller) => actingAs(context, caller),
      routes,
      checks: { database: database.check },
      logger,
      registry,
      tokens: { ...tokens, verify: (token) => verifyCaller(context, token) },
    }),
    (open) => open.close(),
  );
  logger.info(`crm ${info.version} listens on ${listener.url}`);
  const running = resources.move();
  return {
    url: listener.url,
    [Symbol.asyncDispose]: async () => {
      publisher?.beginStop();
      retention?.beginStop();
      await running.disposeAsync();
      logger.info('crm stopped');
    },
  };
}

type Means = Pick<CrmContext, 'db' | 'write' | 'clock'> & { logger: Logger; registry: Registry };

/** Undefined without a bucket: events are stored then, and published once a bucket is set. */
async function publishEvents(
  config: CrmConfig,
  means: Means,
  resources: AsyncDisposableStack,
): Promise<Worker | undefined> {
  const { events, databaseUrl, proxies } = config;
  if (!events) return undefined;
  const { db, clock, logger, registry } = means;
  // most installations have no bucket, and the SDK is slow to load
  const { eventBucket } = await import('./adapters/event-bucket.ts');
  logger.info(`events are published to the bucket ${events.bucket}${events.endpoint ? ` at ${events.endpoint}` : ''}`);
  const publisher = startPublisher({
    ...means,
    bucket: resources.use(eventBucket(events, proxies)),
    metrics: createEventMetrics(registry, () => unpublishedBacklog(db, clock.now())),
    random: Math.random,
    takeLock: () => takeOwnerLock(databaseUrl, 'crm', { refusal: 'Another process already publishes the events' }),
  });
  return resources.use(publisher);
}

/** Two attempts of this length leave room to answer 503 within 3 s. */
const itemsTimeoutMs = 1_000;
const itemsConnectionsMax = 32;
/** A page of a hundred items, each with a description of 10,000 characters, however JSON writes them. */
const itemsBytesMax = 8 * 1024 * 1024;

function connectInventory(config: CrmConfig, { tokens, clock, logger }: Means & Pick<CrmContext, 'tokens'>) {
  const client = createHttpClient({
    baseUrl: config.inventoryUrl,
    timeoutMs: itemsTimeoutMs,
    connectionsMax: itemsConnectionsMax,
    answerBytesMax: itemsBytesMax,
    token: serviceToken({ tokens, clock, subject: 'crm' }),
    proxies: config.proxies,
  });
  return inventoryItems(client, { breaker: createBreaker(clock), logger, clock });
}

/** Bypasses the logger: logs are kept, and a password must not be. */
function showPassword({ admin, log }: CrmConfig, password: string) {
  const message = `Admin created: username ${admin.username}, password ${password} (shown only once)`;
  const line = log.format === 'json' ? JSON.stringify({ level: 'info', message }) : message;
  process.stdout.write(`${printable(line)}\n`);
}
