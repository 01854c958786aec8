import type { ServiceClock } from './clock.ts';
import type { Journal } from './journal.ts';
import type { PostgresProcess } from './postgres-process.ts';
import type { Random } from './random.ts';
import type { ServiceProcess } from './service-process.ts';
import { type SmallDisk, setWrites } from './small-disk.ts';
import { pause } from './waits.ts';

type Means = { random: Random; journal: Journal; over: AbortSignal };

const frozenMaxMs = 30_000;

/** Injects one fault after another, each after a wait, until the run is over. Faults of different targets overlap. */
async function repeat({ over }: Means, nextWaitMs: () => number, fault: () => Promise<void>) {
  for (;;) {
    await pause(nextWaitMs(), over);
    if (over.aborted) return;
    await fault();
  }
}

/** Makes every random choice before the fault, so that the seed alone determines their order. */
export async function injectServiceFaults(service: ServiceProcess, means: Means): Promise<void> {
  const { journal, over } = means;
  const random = means.random.fork(service.name);
  await repeat(
    means,
    () => random.between(4_000, 18_000),
    async () => {
      const kind = random.weighted({ kill: 6, 'SIGTERM and start': 2, SIGSTOP: 2 });
      const frozenMs = random.between(1_000, random.chance(0.3) ? frozenMaxMs : 8_000);
      const downMs = random.between(0, random.chance(0.2) ? 15_000 : 3_000);
      if (kind === 'SIGSTOP') {
        journal.fault(kind, `${service.name} for ${Math.round(frozenMs)} ms`);
        return service.freeze(frozenMs, over);
      }
      if (kind === 'kill') {
        journal.killed(service.name);
        await service.kill();
      } else {
        journal.fault(kind, service.name);
        const code = await service.terminate();
        if (code === null) journal.violation(`${service.name} did not stop after SIGTERM`);
      }
      await pause(downMs, over);
      await service.start();
      journal.note(`${service.name} is back`);
    },
  );
}

export async function injectPostgresFaults(postgres: PostgresProcess, means: Means): Promise<void> {
  const { journal, over } = means;
  const random = means.random.fork('postgres');
  await repeat(
    means,
    () => random.between(10_000, 40_000),
    async () => {
      const isKill = random.chance(0.7);
      const frozenMs = random.between(1_000, random.chance(0.3) ? frozenMaxMs : 8_000);
      const downMs = random.between(0, 5_000);
      if (!isKill) {
        journal.fault('SIGSTOP', `postgres for ${Math.round(frozenMs)} ms`);
        return postgres.freeze(frozenMs, over);
      }
      journal.killed('postgres');
      await postgres.kill();
      await pause(downMs, over);
      await postgres.start();
      journal.note('postgres is back');
    },
  );
}

const secondsOf = { minutes: [60, 1200], hours: [3600, 6 * 3600], days: [24 * 3600, 4 * 24 * 3600] } as const;

export async function moveClocks(clocks: [string, ServiceClock][], means: Means): Promise<void> {
  const random = means.random.fork('clocks');
  await repeat(
    means,
    () => random.between(4_000, 20_000),
    async () => {
      const [name, clock] = random.pick(clocks);
      const by = random.weighted({ minutes: 3, hours: 2, days: 2, nothing: 2 });
      const [min, max] = by === 'nothing' ? [0, 0] : secondsOf[by];
      const seconds = random.whole(min, max) * (random.chance(0.5) ? 1 : -1);
      means.journal.fault('clock moved', `${name} to ${seconds} s`);
      clock.move(seconds);
    },
  );
}

export async function fillDisk(disk: SmallDisk, means: Means): Promise<void> {
  const { journal, over } = means;
  const random = means.random.fork('disk');
  await repeat(
    means,
    () => random.between(10_000, 40_000),
    async () => {
      const fullMs = random.between(2_000, 15_000);
      journal.fault('disk full', `for ${Math.round(fullMs)} ms`);
      disk.fill(random);
      await pause(fullMs, over);
      disk.free();
      journal.note('the disk has space again');
    },
  );
}

export async function forbidWrites(service: ServiceProcess, means: Means): Promise<void> {
  const { journal, over } = means;
  const random = means.random.fork('writes');
  await repeat(
    means,
    () => random.between(10_000, 40_000),
    async () => {
      const lastsMs = random.between(1_000, 12_000);
      const pid = service.pid();
      if (pid === undefined) return journal.note(`${service.name} is down: its writes cannot be forbidden`);
      journal.fault('writes fail', `${service.name} for ${Math.round(lastsMs)} ms`);
      setWrites(pid, 'forbidden');
      await pause(lastsMs, over);
      setWrites(pid, 'allowed');
    },
  );
}
