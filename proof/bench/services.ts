import type { Process } from './processes.ts';
import { type Environment, programs, startProcess } from './processes.ts';

/** Schedules that never come due: the middleware polls only at its start and on request. */
export const never = { POLL_CRON: '0 0 0 1 1 *', RECONCILE_CRON: '0 0 0 1 1 *' };

export type Service = Process & { at: string };

type Name = Exclude<keyof typeof programs, 'all'>;

/** Starts one service on a free port and waits until it is ready. */
export async function startService(name: Name, environment: Environment): Promise<Service> {
  const service = startProcess(programs[name], { PORT: '0', ...environment });
  return Object.assign(service, { at: await service.url });
}

export async function startNeighbours(environment: Environment) {
  await using resources = new AsyncDisposableStack();
  const crm = resources.use(await startService('crm', environment));
  const inventory = resources.use(await startService('inventory', environment));
  const running = resources.move();
  return { crm, inventory, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

type Neighbours = { crm: { at: string }; inventory: { at: string } };

/** Does not wait until the middleware is ready, because its start is part of the measurement. */
export function launchMiddleware({ crm, inventory }: Neighbours, environment: Environment): Process {
  const neighbours = { CRM_SERVICE_URL: crm.at, INVENTORY_SERVICE_URL: inventory.at };
  return startProcess(programs.middleware, { PORT: '0', ...never, ...environment, ...neighbours });
}

/** The middleware prints this line for each package, once it is stored in the ledger. */
export const packageLine = /package \d+ for customer/;
