import { type Line, type Pair, toLine } from './line.ts';
import { bareExpress } from './posts.ts';
import { type Process, programs, startProcess } from './processes.ts';
import { launchMiddleware, never, packageLine, startNeighbours } from './services.ts';
import type { DatabaseKind, Workplace } from './workplace.ts';

const customers = 10_000;
const services = ['crm', 'inventory', 'middleware'] as const;

/** The memory of each process before and after a backlog, and what it came to in between. */
export async function memoryLines(workplace: Workplace, kind: DatabaseKind): Promise<Line[]> {
  await using installation = await workplace.install(kind, { customers, delivered: false });
  const { environment } = installation;
  await using bare = startProcess(bareExpress);
  await bare.url;
  await using neighbours = await startNeighbours(environment);
  await using middleware = launchMiddleware(neighbours, environment);
  const processes: Record<(typeof services)[number], Process> = { ...neighbours, middleware };
  const idleMb = { crm: processes.crm.memory().nowMb, inventory: processes.inventory.memory().nowMb };
  await middleware.hasWritten(packageLine, customers);
  const bareMb = bare.memory().nowMb;
  const line = (name: string, than: string, pair: Pair) =>
    toLine({ name: `memory, ${name} (${kind})`, than, unit: ' MB', better: 'less' }, [pair]);
  return services.flatMap((name) => {
    const { nowMb, peakMb } = processes[name].memory();
    const idle = name === 'middleware' ? undefined : idleMb[name];
    return [
      ...(idle === undefined ? [] : [line(`${name}, idle`, 'bare Express, idle', { ours: idle, theirs: bareMb })]),
      line(`${name}, after the backlog`, 'bare Express, idle', { ours: nowMb, theirs: bareMb }),
      line(`${name}, at most`, 'bare Express, idle', { ours: peakMb, theirs: bareMb }),
    ];
  });
}

/** From the start of a process until `/readyz` says that it is ready; all three as `npm start` starts them. */
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
  return performance.now() - startedAt;
}

async function untilUpMs(starting: Process): Promise<number> {
  await using started = starting;
  const startedAt = performance.now();
  await started.hasWritten(/Doorstep is up/, 1);
  return performance.now() - startedAt;
}
