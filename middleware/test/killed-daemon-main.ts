import { appendFileSync } from 'node:fs';
import { basename } from 'node:path';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { readMiddlewareConfig } from '../src/config.ts';
import type { MiddlewareContext } from '../src/context.ts';
import { startMiddleware } from '../src/middleware.ts';

/**
 * A daemon that stops dead at one of its boundaries: before or after a call to a neighbour or a write to its ledger, or
 * inside the write's transaction.
 */
export type DaemonToKill = {
  environment: Record<string, string>;
  /** Its name, and the how-manieth of that name it is: `after target.create 2`. */
  stopAt: string;
  /** Where each boundary that it comes to is written. */
  boundariesFile: string;
};

const daemons: DaemonToKill[] = JSON.parse(process.env['DAEMONS'] ?? '[]');
let running = daemons.length;

/** Once stopped, it comes past no boundary any more; nothing that is seen from outside is done between two of them. */
function createBoundary({ stopAt, boundariesFile }: DaemonToKill) {
  const passed = new Map<string, number>();
  let stopped = false;

  return async (name: string): Promise<void> => {
    if (!stopped) {
      const count = (passed.get(name) ?? 0) + 1;
      passed.set(name, count);
      appendFileSync(boundariesFile, `${name} ${count}\n`);
      stopped = `${name} ${count}` === stopAt;
      if (stopped) running -= 1;
      if (running === 0) process.kill(process.pid, 'SIGKILL');
    }
    if (stopped) await new Promise(() => undefined);
  };
}

function adapt(context: MiddlewareContext, boundary: (name: string) => Promise<void>): MiddlewareContext {
  const around = <Args extends unknown[], Result>(name: string, call: (...args: Args) => Promise<Result>) => {
    return async (...args: Args): Promise<Result> => {
      await boundary(`before ${name}`);
      const result = await call(...args);
      await boundary(`after ${name}`);
      return result;
    };
  };
  const { source, target } = context;
  return {
    ...context,
    source: {
      ...source,
      fetchPage: around('source.fetchPage', source.fetchPage),
      report: around('source.report', source.report),
    },
    target: {
      ...target,
      create: around('target.create', target.create),
      createMany: around('target.createMany', target.createMany),
      find: around('target.find', target.find),
      findMany: around('target.findMany', target.findMany),
    },
    write(run) {
      const name = `write of ${run.name || callerFile()}`;
      return around(name, () =>
        context.write(async (trx) => {
          const result = await run(trx);
          await boundary(`inside ${name}`);
          return result;
        }),
      )();
    },
  };
}

/** Who has called `write`: `store.ts`. */
function callerFile(): string {
  const [, , , caller = ''] = new Error().stack?.split('\n') ?? [];
  return basename(caller).replace(/:.*/, '');
}

function start(daemon: DaemonToKill) {
  const boundary = createBoundary(daemon);
  const config = readMiddlewareConfig(daemon.environment);
  // PostgreSQL may need a moment to see that the one before is gone
  return eventually(() => startMiddleware(config, { adapt: (context) => adapt(context, boundary) }));
}

process.on('disconnect', () => process.exit());
await Promise.all(daemons.map(start));
