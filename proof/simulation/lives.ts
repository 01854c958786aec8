import type { Clock } from '@doorstep/kit/clock.ts';
import { isUnavailable } from '@doorstep/kit/database/faults.ts';
import { AppError } from '@doorstep/kit/errors.ts';
import type { Logger } from '@doorstep/kit/process/logger.ts';
import type { MiddlewareContext } from '@doorstep/middleware/src/context.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import type { Ledger } from './ledger.ts';
import type { Network } from './network.ts';
import type { Oracle } from './oracle/oracle.ts';
import { Violation } from './oracle/violation.ts';
import type { Plan, ServiceName } from './plan.ts';
import { createRandom } from './random.ts';
import type { Disk } from './storage.ts';
import type { VirtualTime } from './virtual-time.ts';
import type { Watch } from './watch.ts';

type Means = {
  plan: Plan;
  clock: Clock;
  disk: Disk;
  ledger: Ledger;
  network: Network;
  oracle: Oracle;
  time: VirtualTime;
  watch: Watch;
};

/** How long a service has to stop after SIGTERM. */
const shutdownMs = 10_000;

/** Starts, kills and restarts the daemon. */
export function createLives({ plan, clock, disk, ledger, network, oracle, time, watch }: Means) {
  const crashes = new Map(plan.faults.flatMap((fault) => (fault.kind === 'crash' ? [[fault.step, fault.downMs]] : [])));
  const logger = createLogger(watch);
  let daemon: Daemon | undefined;
  let lives = 0;
  let steps = 0;
  let startedMs = 0;
  let healed = false;
  let isStopping = false;
  let polling = false;
  let polledMs = 0;

  function start() {
    if (daemon) return;
    lives += 1;
    startedMs = time.nowMs();
    watch.trace(() => 'the daemon starts');
    const life = lives;
    const isAlive = () => life === lives && daemon !== undefined;
    // a killed daemon never gets past this point
    const step = async () => {
      if (!isAlive() || dies()) await new Promise(() => undefined);
    };
    daemon = startDaemon({
      world: plan.world,
      clock,
      logger,
      client: (service: ServiceName) => network.connect(service, { step, isAlive }),
      random: createRandom(plan.seed + 1000 * lives),
      opened: ledger.open({ step, isAlive }),
      ensureOwner: step,
    });
    poll();
  }

  /** Polls never overlap, and none begins while the daemon stops. */
  function poll() {
    const sync = daemon?.sync;
    if (!sync || isStopping || polling) return;
    const beganMs = time.nowMs();
    polling = true;
    void sync.poll().then(() => {
      if (sync !== daemon?.sync) return;
      polling = false;
      polledMs = beganMs;
      oracle.polled();
    });
  }

  /** Called before the daemon receives or sends anything. Returns true if the plan kills the daemon at this step. */
  function dies(): boolean {
    steps += 1;
    const downMs = healed ? undefined : crashes.get(steps);
    if (downMs === undefined || !daemon) return false;
    watch.struck('kill -9');
    end(downMs);
    return true;
  }

  function end(downMs: number) {
    daemon = undefined;
    isStopping = false;
    polling = false;
    time.dropDaemon();
    disk.recover();
    oracle.crashed();
    watch.disturbed();
    time.after(downMs, 'world', start);
  }

  return {
    start,
    dies,
    poll,
    /** When the last completed poll began. */
    polledMs: () => polledMs,
    daemon: () => (isStopping ? undefined : daemon),
    count: () => lives,
    startedMs: () => startedMs,

    async restart(downMs: number) {
      const stopping = daemon;
      if (!stopping || isStopping) return;
      watch.struck('restart');
      isStopping = true;
      time.after(shutdownMs, 'world', () => {
        if (daemon !== stopping) return;
        watch.struck('killed at shutdown');
        end(downMs);
      });
      await stopping.sync.stop();
      if (daemon === stopping) end(downMs);
    },

    /** Runs an operator's command. Returns undefined if no daemon runs or it refuses the command. */
    async operate<Result>(
      run: (context: MiddlewareContext) => Promise<Result>,
      kind = '',
    ): Promise<Result | undefined> {
      if (!daemon) return undefined;
      if (kind) watch.struck(kind);
      const { context, sync } = daemon;
      const replayed = oracle.beforeReplay();
      try {
        const result = await run(context);
        replayed();
        void sync.settle();
        return result;
      } catch (error) {
        watch.trace(() => `${kind} is refused: ${(error as Error).message}`);
        const isRefused = isUnavailable(error) || (error instanceof AppError && error.code === 'not_found');
        if (!isRefused) watch.fail(error);
        return undefined;
      }
    },

    /** From now on the daemon does not crash. */
    heal() {
      healed = true;
      start();
    },
  };
}

export type Lives = ReturnType<typeof createLives>;

/** A logged error object is a bug, because the core has its own message for every simulated fault. */
function createLogger(watch: Watch): Logger {
  const log =
    (level: string) =>
    (message: string, { error }: { error?: unknown } = {}) => {
      watch.trace(() => `${level} ${message}`);
      if (error) watch.fail(error);
      if (/has the packages/.test(message)) watch.fail(new Violation(message));
    };
  return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') } as unknown as Logger;
}
