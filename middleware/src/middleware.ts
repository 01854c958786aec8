import { setTimeout as sleep } from 'node:timers/promises';
import { serve } from '@doorstep/kit/http/serve.ts';
import { guardFiles } from '@doorstep/kit/process/guard-files.ts';
import { type Running, shutdownTimeoutMs } from '@doorstep/kit/process/lifecycle.ts';
import { createLogger } from '@doorstep/kit/process/logger.ts';
import { startSchedule } from '@doorstep/kit/work/schedule.ts';
import packageJson from '../package.json' with { type: 'json' };
import { startAttemptRetention } from './background/retention.ts';
import type { MiddlewareConfig } from './config.ts';
import { forgetFact, writeFact } from './db/facts.ts';
import { takeLedgerLock } from './db/lock.ts';
import { routes } from './http/routes.ts';
import { type Overrides, openContext } from './open-context.ts';
import { watchBothSides } from './reconcile/watch.ts';
import { createSync } from './sync.ts';

const { version } = packageJson;
const info = {
  title: 'Doorstep middleware',
  description: 'How the deliveries go. Each customer of the CRM gets one welcome package in the Inventory.',
  version,
  tags: {
    work: 'The state of the daemon; poll now, pause and resume',
    deliveries: 'One delivery per customer: its state, its attempts, and replay',
  },
};

/** Starts the daemon: takes the ledger for itself, opens its operations port, polls at once and then on schedule. */
export async function startMiddleware(config: MiddlewareConfig, overrides: Overrides = {}): Promise<Running> {
  await using resources = new AsyncDisposableStack();
  const logger = createLogger('middleware', config.log);
  guardFiles('middleware', config, logger);
  const lock = resources.adopt(await takeLedgerLock(config.databaseUrl), (held) => held.release());
  const { context, database, tokens, registry } = resources.use(await openContext(config, logger, overrides));
  const sync = createSync(context, lock.ensure);
  const listener = resources.adopt(
    await serve({
      service: 'middleware',
      info,
      alwaysChecksHosts: true,
      config,
      context: { ...context, version, sync },
      routes,
      checks: { ledger: database.check },
      logger,
      registry,
      tokens,
    }),
    (open) => open.close(),
  );
  const { url } = listener;
  // commands find the daemon by it; a full disk, which the daemon sits out, must not keep it from starting
  await context
    .write((trx) => writeFact(trx, 'daemon', { url }))
    .catch((error) => {
      logger.warn(`commands will not find this daemon: ${error.message}`);
    });
  logger.info(`middleware ${version} listens on ${url}`);
  logger.info(`syncs ${config.crm.url} → ${config.inventory.url}`);
  const schedules = [
    startSchedule(config.pollCron, () => sync.poll()),
    startSchedule(config.reconcileCron, () => watchBothSides(context, sync.stopping)),
  ];
  const retention = startAttemptRetention(context, config.retentionDays);
  resources.use(retention);
  void sync.poll();
  const running = resources.move();
  return {
    url,
    [Symbol.asyncDispose]: async () => {
      listener.beginStop();
      for (const schedule of schedules) schedule.stop();
      retention?.beginStop();
      // a call that does not end in time is looked up at the next start
      await Promise.race([sync.stop(), sleep(shutdownTimeoutMs, undefined, { ref: false })]);
      await context.write((trx) => forgetFact(trx, 'daemon')).catch(() => undefined);
      await running.disposeAsync();
      logger.info('middleware stopped');
    },
  };
}
