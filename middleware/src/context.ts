import type { Clock } from '@doorstep/kit/clock.ts';
import type { Database } from '@doorstep/kit/database/open.ts';
import type { Logger } from '@doorstep/kit/process/logger.ts';
import type { LedgerDatabase } from './db/schema.ts';
import type { InventoryNames } from './inventory-names.ts';
import type { MiddlewareMetrics } from './metrics.ts';
import type { CustomerSource, PackageTarget } from './ports.ts';
import type { Settling } from './settling.ts';
import type { StartFrom } from './start-from.ts';

export type MiddlewareContext = Pick<Database<LedgerDatabase>, 'db' | 'write'> & {
  clock: Clock;
  /** From 0 up to, not including, 1. */
  random: () => number;
  logger: Logger;
  metrics: MiddlewareMetrics;
  source: CustomerSource;
  target: PackageTarget;
  settling: Settling;
  names: InventoryNames;
  /** Most deliveries under way at once. */
  concurrency: number;
  /** Where deliveries begin on an empty ledger. */
  startFrom: StartFrom;
  /** The retry schedule. */
  waitsMs: readonly number[];
};
