import { setTimeout as sleep } from 'node:timers/promises';
import { type Line, quantile, toLine } from './line.ts';
import { launchMiddleware, startNeighbours } from './services.ts';
import type { DatabaseKind, Workplace } from './workplace.ts';

const perSecond = 20;
const secondsEach = 30;
const timeoutMs = 60_000;

/** The poll schedules; the average customer arrives halfway between two polls. */
const schedules = [
  { words: 'polled every 5 s', cron: '*/5 * * * * *', intervalMs: 5_000 },
  { words: 'polled every second', cron: '* * * * * *', intervalMs: 1_000 },
];

/**
 * From a customer's `created_at` to the package's `createdAt`, under a steady load. Polling alone costs half an
 * interval at the median, and a whole one at the maximum.
 */
export async function waitLines(workplace: Workplace, kind: DatabaseKind, rounds: number): Promise<Line[]> {
  // at the same time, because together they leave most of the machine idle
  const waits = await Promise.allSettled(schedules.map((schedule) => waitsOf({ workplace, kind, rounds }, schedule)));
  return waits.flatMap((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  });
}

type Schedule = (typeof schedules)[number];

async function waitsOf(
  { workplace, kind, rounds }: { workplace: Workplace; kind: DatabaseKind; rounds: number },
  { words, cron, intervalMs }: Schedule,
): Promise<Line[]> {
  await using installation = await workplace.install(kind, { customers: 0, delivered: false });
  const { environment } = installation;
  await using neighbours = await startNeighbours(environment);
  const { crm, inventory } = neighbours;
  await using middleware = launchMiddleware(neighbours, { ...environment, POLL_CRON: cron });
  await middleware.url;
  const measured: number[][] = [];
  for (let round = 0, after = 0; round < rounds; round += 1) {
    const createdAt = await addCustomers(crm.at, round);
    const { waitsMs, last } = await readWaits(inventory.at, createdAt, after);
    measured.push(waitsMs);
    after = last;
  }
  const line = (share: number) => {
    const name = `customer to package, p${share * 100}, ${perSecond} a second, ${words} (${kind})`;
    const pairs = measured.map((waitsMs) => ({ ours: quantile(waitsMs, share), theirs: intervalMs * share }));
    return toLine({ name, than: 'the wait for the poll', unit: ' ms', better: 'less' }, pairs);
  };
  return [line(0.5), line(0.99)];
}

/** Adds customers at a fixed rate, whether or not the CRM keeps up. Returns each customer's creation time, by id. */
async function addCustomers(crm: string, round: number): Promise<Map<number, number>> {
  const createdAt = new Map<number, number>();
  const add = async (n: number) => {
    const response = await fetch(`${crm}/customers`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ name: `Customer ${n}`, email: `customer-${round}-${n}@example.com` }),
    });
    if (!response.ok) throw new Error(`POST /customers answered ${response.status}: ${await response.text()}`);
    const { id, created_at } = (await response.json()) as { id: number; created_at: string };
    createdAt.set(id, Date.parse(created_at));
  };
  const startedAt = performance.now();
  const adding: Promise<void>[] = [];
  for (let n = 0; n < perSecond * secondsEach; n += 1) {
    await sleep(Math.max(0, startedAt + (n * 1000) / perSecond - performance.now()));
    const added = add(n);
    // awaited only below, so an early rejection must not count as unhandled
    added.catch(() => undefined);
    adding.push(added);
  }
  await Promise.all(adding);
  return createdAt;
}

/** Waits until these customers have packages, with ids above `after`. Returns their waits and the last package id. */
async function readWaits(inventory: string, createdAt: Map<number, number>, after: number) {
  const waitsMs: number[] = [];
  let last = after;
  const deadlineMs = performance.now() + timeoutMs;
  while (waitsMs.length < createdAt.size) {
    if (performance.now() > deadlineMs)
      throw new Error(`only ${waitsMs.length} of ${createdAt.size} packages exist after ${timeoutMs / 1000} s`);
    const response = await fetch(`${inventory}/packages?after=${last}`);
    for (const made of (await response.json()) as { id: number; customerId: number; createdAt: string }[]) {
      waitsMs.push(Date.parse(made.createdAt) - (createdAt.get(made.customerId) ?? Number.NaN));
      last = made.id;
    }
    await sleep(100);
  }
  return { waitsMs, last };
}
