import { setTimeout as sleep } from 'node:timers/promises';
import { type Line, quantile, toLine } from './line.ts';
import { launchMiddleware, never, startNeighbours } from './services.ts';
import type { DatabaseKind, Workplace } from './workplace.ts';

const perSecond = 20;
const seconds = 60;

/** Polled so often; the mean customer comes in the middle between two polls. */
const schedules = [
  { words: 'polled every 5 s', cron: '*/5 * * * * *', intervalMs: 5_000 },
  { words: 'polled every second', cron: '* * * * * *', intervalMs: 1_000 },
];

/**
 * From a customer's `created_at` to the package's `createdAt`, while customers come all the time. The least that polling
 * allows is half the time between two polls in the middle, and all of it at the end.
 */
export async function waitLines(workplace: Workplace, kind: DatabaseKind): Promise<Line[]> {
  // both at once: together they leave most of the machine idle
  const lines = await Promise.all(schedules.map((schedule) => waitsOf(workplace, kind, schedule)));
  return lines.flat();
}

type Schedule = (typeof schedules)[number];

async function waitsOf(
  workplace: Workplace,
  kind: DatabaseKind,
  { words, cron, intervalMs }: Schedule,
): Promise<Line[]> {
  await using installation = await workplace.install(kind, { customers: 0, delivered: false });
  const { environment } = installation;
  await using neighbours = await startNeighbours(environment);
  const { crm, inventory } = neighbours;
  await using middleware = launchMiddleware(neighbours, { ...environment, ...never, POLL_CRON: cron });
  await middleware.url;
  const createdAt = await addCustomers(crm.at);
  const waitsMs = await readWaits(inventory.at, createdAt);
  const line = (share: number) => {
    const name = `customer to package, p${share * 100}, ${perSecond} a second, ${words} (${kind})`;
    const pair = { ours: quantile(waitsMs, share), theirs: intervalMs * share };
    return toLine({ name, than: 'the wait for the poll', unit: ' ms', better: 'less' }, [pair]);
  };
  return [line(0.5), line(0.99)];
}

/** Adds customers at their pace, whether the CRM keeps up or not. Gives when each was added, by id. */
async function addCustomers(crm: string): Promise<Map<number, number>> {
  const createdAt = new Map<number, number>();
  const add = async (n: number) => {
    const response = await fetch(`${crm}/customers`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ name: `Customer ${n}`, email: `customer-${n}@example.com` }),
    });
    const { id, created_at } = (await response.json()) as { id: number; created_at: string };
    createdAt.set(id, Date.parse(created_at));
  };
  const startedAt = performance.now();
  const adding: Promise<void>[] = [];
  for (let n = 0; n < perSecond * seconds; n += 1) {
    await sleep(Math.max(0, startedAt + (n * 1000) / perSecond - performance.now()));
    adding.push(add(n));
  }
  await Promise.all(adding);
  return createdAt;
}

async function readWaits(inventory: string, createdAt: Map<number, number>): Promise<number[]> {
  const waitsMs: number[] = [];
  for (let after = 0; waitsMs.length < createdAt.size; ) {
    const response = await fetch(`${inventory}/packages?after=${after}`);
    for (const made of (await response.json()) as { id: number; customerId: number; createdAt: string }[]) {
      waitsMs.push(Date.parse(made.createdAt) - (createdAt.get(made.customerId) ?? Number.NaN));
      after = made.id;
    }
    await sleep(100);
  }
  return waitsMs;
}
