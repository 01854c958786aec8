import type { Call } from '@doorstep/kit/cli/command.ts';
import type { Clock } from '@doorstep/kit/clock.ts';
import type { OwnerLock } from '@doorstep/kit/work/owner-lock.ts';
import type { MiddlewareContext } from '../context.ts';
import type { Daemon, Probe } from '../ports.ts';

export type CommandMeans = Call & {
  context: MiddlewareContext;
  clock: Clock;
  daemon: Daemon;
  probe(): Probe;
  /** @throws StartError if a daemon holds it. */
  takeLock(): Promise<OwnerLock>;
};
