import type { Clock } from '@doorstep/kit/clock.ts';
import type { Logger } from '@doorstep/kit/process/logger.ts';
import { crmClient } from '@doorstep/middleware/src/adapters/crm-client.ts';
import { inventoryClient } from '@doorstep/middleware/src/adapters/inventory-client.ts';
import { inventoryIdempotency } from '@doorstep/middleware/src/adapters/inventory-idempotency.ts';
import type { MiddlewareContext } from '@doorstep/middleware/src/context.ts';
import { inventoryNames } from '@doorstep/middleware/src/inventory-names.ts';
import { createMiddlewareMetrics } from '@doorstep/middleware/src/metrics.ts';
import { createSettling } from '@doorstep/middleware/src/settling.ts';
import { fromBeginning } from '@doorstep/middleware/src/start-from.ts';
import { createSync, type Sync } from '@doorstep/middleware/src/sync.ts';
import type { AxiosInstance } from 'axios';
import { Registry } from 'prom-client';
import { timeoutMs } from './network.ts';
import { type ServiceName, settleMs, type World } from './plan.ts';
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
  const inventory = client('inventory');
  const context: MiddlewareContext = {
    ...opened,
    clock,
    logger,
    metrics,
    random: random.next,
    settling: createSettling(clock, timeoutMs + settleMs),
    concurrency: world.concurrency,
    waitsMs: world.waitsMs,
    names: inventoryNames({ packageType, sourceName: undefined }),
    startFrom: fromBeginning,
    source: crmClient(client('crm'), world.pageSize),
    target: inventoryClient(inventory, {
      packageType,
      idempotency: inventoryIdempotency(inventory, {
        // it refuses doubles for ever, but does not say so
        setting: world.inventory === 'keyed' ? 'permanent' : 'auto',
        clock,
        onLearned: () => undefined,
      }),
      retriesMax: world.retriesMax,
      firstWaitMs: 1_000,
      random: random.next,
      onQuickRetry: (who, reason, waitMs) => void logger.info(`${who}: ${reason}; quick retry in ${waitMs} ms`),
    }),
  };
  return { context, sync: createSync(context, ensureOwner) };
}
