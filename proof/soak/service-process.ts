import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { compileCache } from '@doorstep/kit/test/quick-start.ts';
import type { Journal } from './journal.ts';
import { pause, startWithRetries } from './waits.ts';

export const serviceNames = ['crm', 'inventory', 'middleware'] as const;
export type ServiceName = (typeof serviceNames)[number];
export type Environment = Record<string, string>;

export type ServiceProcess = AsyncDisposable & {
  name: ServiceName;
  environment: Environment;
  pid(): number | undefined;
  /** Resolves once the service is ready. Retries while a full disk or a missing database keeps it from starting. */
  start(): Promise<void>;
  kill(): Promise<void>;
  /** Returns the exit code; null if it had to be killed or was not running. */
  terminate(): Promise<number | null>;
  freeze(ms: number, signal: AbortSignal): Promise<void>;
};

type Options = {
  name: ServiceName;
  environment: Environment;
  folder: string;
  journal: Journal;
  /** Whether injected faults may keep it from starting. */
  mayFailToStart: boolean;
  ended: AbortSignal;
};

export const root = join(import.meta.dirname, '../..');
const startTimeoutMs = 60_000;
/** A service has ten seconds to finish its open work, and two more to give up. */
const stopTimeoutMs = 20_000;

/** A service in its own process, which is restarted when it ends, as a supervisor would do. */
export function createServiceProcess(options: Options): ServiceProcess {
  const { name, environment, folder, journal, mayFailToStart } = options;
  const closed = new AbortController();
  const ended = AbortSignal.any([options.ended, closed.signal]);
  const log = createWriteStream(join(folder, `${name}.log`), { flags: 'a' });
  let child: ChildProcess | undefined;
  let starting: Promise<void> | undefined;

  async function startOnce(): Promise<boolean> {
    const { PATH } = process.env;
    const started = spawn(process.execPath, [join(root, name, 'src/main.ts')], {
      cwd: folder,
      env: { PATH, ...compileCache, ...environment },
      // a session of its own, or the terminal's Ctrl-C would reach the service too
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    child = started;
    for (const stream of [started.stdout, started.stderr]) stream?.on('data', (text) => void log.write(text));
    const ready = new Promise<boolean>((resolve) => {
      started.once('message', () => resolve(true));
      started.once('exit', () => resolve(false));
      setTimeout(resolve, startTimeoutMs, false).unref();
    });
    if (!(await ready)) {
      await end(started, 'SIGKILL');
      return false;
    }
    started.once('exit', (code, signal) => {
      if (child !== started) return; // the soak has ended it
      journal.violation(`${name} ended unexpectedly: ${signal ?? `exit code ${code}`}`);
      start().catch((error: Error) => journal.violation(error.message));
    });
    return true;
  }

  const onFailed = () => (mayFailToStart ? journal.note : journal.violation)(`${name} could not start`);

  function start(): Promise<void> {
    starting ??= startWithRetries(name, { startOnce, onFailed, ended }).finally(() => {
      starting = undefined;
    });
    return starting;
  }

  async function stop(signal: NodeJS.Signals): Promise<number | null> {
    await starting;
    const running = child;
    child = undefined;
    if (running) await end(running, signal);
    return running?.exitCode ?? null;
  }

  return {
    name,
    environment,
    pid: () => child?.pid,
    start,
    async kill() {
      await stop('SIGKILL');
    },
    terminate: () => stop('SIGTERM'),
    async freeze(ms, signal) {
      await starting;
      const frozen = child;
      frozen?.kill('SIGSTOP');
      await pause(ms, signal);
      frozen?.kill('SIGCONT');
    },
    async [Symbol.asyncDispose]() {
      closed.abort();
      const running = child;
      child = undefined;
      if (running) await end(running, 'SIGKILL');
      await starting?.catch(() => undefined);
      await new Promise<void>((resolve) => log.end(resolve));
    },
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  const giveUp = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
  await exited;
  clearTimeout(giveUp);
}
