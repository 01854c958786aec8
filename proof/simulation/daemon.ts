import type { Clock } from '@doorstep/kit/clock.ts';
import type { Logger } from '@doorstep/kit/process/logger.ts';
import { crmClient } from '@doorstep/middleware/src/adapters/crm-client.ts';
import { inventoryClient } from '@doorstep/middleware/src/adapters/inventory-client.ts';
import type { MiddlewareContext } from '@doorstep/middleware/src/context.ts';
import { createMiddlewareMetrics } from '@doorstep/middleware/src/metrics.ts';
import { fromBeginning } from '@doorstep/middleware/src/start-from.ts';
import { createSync, type Sync } from '@doorstep/middleware/src/sync.ts';
import type { AxiosInstance } from 'axios';
import { Registry } from 'prom-client';
import type { ServiceName, World } from './plan.ts';
import type { Random } from './random.ts';
import type { Disk } from './storage.ts';

const packageType = 'welcome_pack_v1';

/** One life of the daemon: its real core and adapters in a simulated environment. */
export type Daemon = { context: MiddlewareContext; sync: Sync };

type Means = {
  world: World;
  clock: Clock;
  logger: Logger;
  client: (service: ServiceName) => AxiosInstance;
  random: Random;
  opened: ReturnType<Disk['open']>;
  /** Asynchronous, like a query to PostgreSQL. */
  ensureOwner: () => Promise<void>;
};

const metrics = createMiddlewareMetrics(new Registry(), async () => {
  throw new Error('the simulation never reads the metrics');
});

export function startDaemon({ world, clock, logger, client, random, opened, ensureOwner }: Means): Daemon {
  const context: MiddlewareContext = {
    ...opened,
    clock,
    logger,
    metrics,
    random: random.next,
    concurrency: world.concurrency,
    waitsMs: world.waitsMs,
    startFrom: fromBeginning,
    source: crmClient(client('crm'), world.pageSize),
    target: inventoryClient(client('inventory'), {
      packageType,
      retriesMax: world.retriesMax,
      firstWaitMs: 1_000,
      random: random.next,
      onQuickRetry: (who, reason, waitMs) => void logger.info(`${who}: ${reason}; quick retry in ${waitMs} ms`),
    }),
  };
  return { context, sync: createSync(context, ensureOwner) };
}
