import type { Process } from './processes.ts';
import { type Environment, programs, startProcess } from './processes.ts';

/** Settings of the middleware that keep it still until it is told to poll. */
export const never = { POLL_CRON: '0 0 0 1 1 *', RECONCILE_CRON: '0 0 0 1 1 *' };

export type Service = Process & { at: string };

type Name = Exclude<keyof typeof programs, 'all'>;

/** A service by itself, on a port that is free; waits until it answers. */
export async function startService(name: Name, environment: Environment): Promise<Service> {
  const service = startProcess(programs[name], { PORT: '0', ...environment });
  return Object.assign(service, { at: await service.url });
}

/** The two that the middleware stands between. */
export async function startNeighbours(environment: Environment) {
  await using resources = new AsyncDisposableStack();
  const crm = resources.use(await startService('crm', environment));
  const inventory = resources.use(await startService('inventory', environment));
  const running = resources.move();
  return { crm, inventory, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

type Neighbours = { crm: { at: string }; inventory: { at: string } };

/** Not awaited: its start is a part of what is measured. */
export function launchMiddleware({ crm, inventory }: Neighbours, environment: Environment): Process {
  const neighbours = { CRM_SERVICE_URL: crm.at, INVENTORY_SERVICE_URL: inventory.at };
  return startProcess(programs.middleware, { PORT: '0', ...never, ...environment, ...neighbours });
}

/** A line for each package, written once that is stored in the ledger. */
export const packageLine = /package \d+ for customer/;
