import { inTime } from './backlog.ts';
import { type Line, type Pair, toLine } from './line.ts';
import { bareExpress } from './posts.ts';
import { type Process, programs, startProcess } from './processes.ts';
import { launchMiddleware, never, packageLine, startNeighbours } from './services.ts';
import type { DatabaseKind, Workplace } from './workplace.ts';

const customers = 10_000;
const services = ['crm', 'inventory', 'middleware'] as const;

type Service = (typeof services)[number];

const moments = ['when ready', 'after the backlog', 'peak'] as const;

type Memory = Record<(typeof moments)[number], number>;

/** The memory of each process before and after a backlog, and its peak. */
export async function memoryLines(workplace: Workplace, kind: DatabaseKind, rounds: number): Promise<Line[]> {
  const measured: Awaited<ReturnType<typeof measureMemory>>[] = [];
  for (let round = 0; round < rounds; round += 1) measured.push(await measureMemory(workplace, kind));
  return services.flatMap((name) =>
    moments.map((moment) => {
      const pairs = measured.map(({ ours, bareMb }) => ({ ours: ours[name][moment], theirs: bareMb }));
      const words = { name: `memory, ${name}, ${moment} (${kind})`, than: 'bare Express' };
      return toLine({ ...words, unit: ' MB', better: 'less' }, pairs);
    }),
  );
}

async function measureMemory(workplace: Workplace, kind: DatabaseKind) {
  await using installation = await workplace.install(kind, { customers, delivered: false });
  const { environment } = installation;
  await using bare = startProcess(bareExpress);
  await bare.url;
  await using neighbours = await startNeighbours(environment);
  const readyMb = { crm: neighbours.crm.memory().nowMb, inventory: neighbours.inventory.memory().nowMb, middleware: 0 };
  await using middleware = launchMiddleware(neighbours, environment);
  const processes: Record<Service, Process> = { ...neighbours, middleware };
  const isDone = inTime(middleware.hasWritten(packageLine, customers));
  await middleware.url;
  readyMb.middleware = middleware.memory().nowMb;
  await isDone;
  const ours = {} as Record<Service, Memory>;
  for (const name of services) {
    const { nowMb, peakMb } = processes[name].memory();
    ours[name] = { 'when ready': readyMb[name], 'after the backlog': nowMb, peak: peakMb };
  }
  return { ours, bareMb: bare.memory().nowMb };
}

/** From the start of a process until `/readyz` succeeds; for all three, until `npm start` reports them up. */
export async function startLines(workplace: Workplace, kind: DatabaseKind, rounds: number): Promise<Line[]> {
  await using installation = await workplace.install(kind, { customers: 0, delivered: false });
  const environment = { ...installation.environment, ...never, PORT: '0' };
  const ports = { CRM_PORT: '0', INVENTORY_PORT: '0', MIDDLEWARE_PORT: '0' };
  const bare: Pair['theirs'][] = [];
  const times = new Map<string, number[]>();
  for (let round = 0; round < rounds; round += 1) {
    bare.push(await startMs(startProcess(bareExpress)));
    for (const name of services) {
      times.set(name, [
        ...(times.get(name) ?? []),
        await startMs(startProcess(programs[name], environment), '/readyz'),
      ]);
    }
    const all = startProcess(programs.all, { ...environment, ...ports });
    times.set('all three', [...(times.get('all three') ?? []), await untilUpMs(all)]);
  }
  return [...times].map(([name, ours]) =>
    toLine(
      { name: `start, ${name} (${kind})`, than: 'bare Express', unit: ' ms', better: 'less' },
      ours.map((ms, round) => ({ ours: ms, theirs: bare[round] as number })),
    ),
  );
}

async function startMs(starting: Process, path = '/'): Promise<number> {
  await using started = starting;
  const startedAt = performance.now();
  const url = await started.url;
  const response = await fetch(url + path);
  await response.arrayBuffer();
  if (response.status >= 500) throw new Error(`${url}${path} answered ${response.status}`);
  return performance.now() - startedAt;
}

async function untilUpMs(starting: Process): Promise<number> {
  await using started = starting;
  const startedAt = performance.now();
  await started.hasWritten(/Doorstep is up/, 1);
  return performance.now() - startedAt;
}
