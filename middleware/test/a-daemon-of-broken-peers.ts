import { readFileSync } from 'node:fs';
import { call } from '@doorstep/kit/test/call.ts';
import { freshDatabase } from '@doorstep/kit/test/databases.ts';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { type SpawnedService, spawnService } from '@doorstep/kit/test/spawn-service.ts';
import { expect } from 'vitest';
import type { playCrm, playInventory } from './broken-peer.ts';

type Peers = { crm: Awaited<ReturnType<typeof playCrm>>; inventory: Awaited<ReturnType<typeof playInventory>> };

type Addresses = Record<keyof Peers, { url: string }>;

/** A daemon between these two peers, with its own ledger and the shortest retry waits. */
export async function startMiddleware({ crm, inventory }: Addresses, overrides: Record<string, string> = {}) {
  await using resources = new AsyncDisposableStack();
  const { dataDir } = resources.use(await freshDatabase('sqlite'));
  const settings = {
    DATA_DIR: dataDir,
    CRM_SERVICE_URL: crm.url,
    INVENTORY_SERVICE_URL: inventory.url,
    POLL_CRON: '* * * * * *',
    DELIVERY_TIMEOUT_MS: '500',
    DELIVERY_RETRIES: '0',
    RETRY_SCHEDULE: Array(30).fill('1s').join(),
    ...overrides,
  };
  const daemon = resources.use(await spawnService('middleware', settings));
  const running = resources.move();
  return { ...daemon, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

export const linesOf = (middleware: SpawnedService, says: RegExp) =>
  middleware
    .output()
    .split('\n')
    .filter((line) => says.test(line));

/** Log lines begin with the time; stack traces and Node's own warnings do not, or name a place in a file. */
const strayLine = /^(?!\d\d:\d\d:\d\d\.\d{3} ).|\.[jt]s:\d+:\d+/;

/** Waits until customers 1 to `count` are delivered; expects one package each and no crash or warning of the daemon. */
export async function expectOnePackageEach(count: number, inventory: Peers['inventory'], middleware: SpawnedService) {
  await eventually(async () => (await call(middleware, 'GET /status')).body.deliveries.delivered === count);
  expect(inventory.owners()).toEqual(Array.from({ length: count }, (_, index) => index + 1));
  expect(middleware.process.exitCode).toBeNull();
  expect(linesOf(middleware, strayLine)).toEqual([]);
}

export const tooLarge = /(CRM|Inventory) .*(too (large|big|long|much)|more than|larger)/;

/** Peak memory of the process, from /proc; 0 except on Linux. */
export function memoryPeakMb({ process: { pid } }: SpawnedService): number {
  if (process.platform !== 'linux') return 0;
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}
