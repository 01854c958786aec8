import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import { createTokens, loadSecretKey } from '@doorstep/kit/auth.ts';
import { type Clock, systemClock } from '@doorstep/kit/clock.ts';
import { openDatabase } from '@doorstep/kit/database/open.ts';
import { serve } from '@doorstep/kit/http/serve.ts';
import type { Running } from '@doorstep/kit/lifecycle.ts';
import { createLogger } from '@doorstep/kit/logger.ts';
import { createRegistry } from '@doorstep/kit/metrics.ts';
import packageJson from '../package.json' with { type: 'json' };
import { ensureAdmin } from './commands/ensure-admin.ts';
import type { CrmConfig } from './config.ts';
import type { CrmContext } from './context.ts';
import type { CrmDatabase } from './db/schema.ts';
import { routes } from './http/routes.ts';

const info = {
  title: 'Doorstep CRM',
  description: 'Customers. Each one who is added is sent a welcome package.',
  version: packageJson.version,
};

/** Starts the CRM: opens its database, makes the admin, listens. */
export async function startCrm(config: CrmConfig, overrides: { clock?: Clock } = {}): Promise<Running> {
  await using resources = new AsyncDisposableStack();
  const logger = createLogger('crm', config.log);
  const database = resources.adopt(
    await openDatabase<CrmDatabase>({
      url: config.databaseUrl,
      schema: 'crm',
      migrations: join(import.meta.dirname, '../migrations'),
      onError: (error) => logger.warn(`a database connection was lost: ${error.message}`),
    }),
    (open) => open.close(),
  );
  const context: CrmContext = {
    db: database.db,
    write: database.write,
    clock: overrides.clock ?? systemClock,
    tokens: createTokens(loadSecretKey(config.jwtSecretKey, config.dataDir)),
    tokenExpiresSeconds: config.tokenExpiresSeconds,
    integrationChanges: new EventEmitter().setMaxListeners(0),
  };
  const listener = resources.adopt(
    await serve({
      service: 'crm-service',
      info,
      config,
      context,
      routes,
      checks: { database: database.check },
      logger,
      registry: createRegistry(),
      tokens: context.tokens,
    }),
    (open) => open.close(),
  );
  logger.info(`crm ${info.version} listens on ${listener.url}, docs on ${listener.url}/docs`);
  // only once nothing can fail any more: it is shown a single time
  const password = await ensureAdmin(context, config.admin);
  if (password) showPassword(config, password);
  const running = resources.move();
  return {
    url: listener.url,
    [Symbol.asyncDispose]: async () => {
      await running.disposeAsync();
      logger.info('crm stopped');
    },
  };
}

/** Past the logger: what is logged is kept, and a password must not be. */
function showPassword({ admin, log }: CrmConfig, password: string) {
  const message = `Admin made: username ${admin.username}, password ${password} (shown this once)`;
  process.stdout.write(`${log.format === 'json' ? JSON.stringify({ level: 'info', message }) : message}\n`);
}
