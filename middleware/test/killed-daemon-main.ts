import { appendFileSync } from 'node:fs';
import { basename } from 'node:path';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { readMiddlewareConfig } from '../src/config.ts';
import type { MiddlewareContext } from '../src/context.ts';
import { startMiddleware } from '../src/middleware.ts';

/**
 * A daemon that freezes at one of its boundaries: before or after a call to a neighbour or a write to its ledger, or
 * inside the write's transaction.
 */
export type DaemonToKill = {
  environment: Record<string, string>;
  /** The name of a boundary and its occurrence: `after target.create 2`. */
  stopAt: string;
  /** The file that lists each boundary the daemon reaches. */
  boundariesFile: string;
};

const daemons: DaemonToKill[] = JSON.parse(process.env['DAEMONS'] ?? '[]');
let running = daemons.length;

/** A stopped daemon passes no further boundary, and nothing between two boundaries is visible from outside. */
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

type Boundary = (name: string) => Promise<void>;

function createAround(boundary: Boundary) {
  return <Args extends unknown[], Result>(name: string, call: (...args: Args) => Promise<Result>) => {
    return async (...args: Args): Promise<Result> => {
      await boundary(`before ${name}`);
      const result = await call(...args);
      await boundary(`after ${name}`);
      return result;
    };
  };
}

function adapt(context: MiddlewareContext, boundary: Boundary): MiddlewareContext {
  const around = createAround(boundary);
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
    write: adaptWrite(context.write, boundary),
  };
}

/** Names a write after its function or, if that is anonymous, after the calling file: `take-up.ts`. */
function adaptWrite(write: MiddlewareContext['write'], boundary: Boundary): MiddlewareContext['write'] {
  const around = createAround(boundary);
  type RunAll = Parameters<typeof write.together>[0];
  const adapted = new Map<unknown, RunAll>();
  const adaptRunAll = (runAll: RunAll): RunAll => {
    const known = adapted.get(runAll);
    if (known) return known;
    const withBoundary: RunAll = async (...args) => {
      const results = await runAll(...args);
      await boundary(`inside write of ${runAll.name}`);
      return results;
    };
    adapted.set(runAll, withBoundary);
    return withBoundary;
  };
  const alone = (run: Parameters<typeof write>[0]) => {
    const name = `write of ${run.name || callerFile()}`;
    return around(name, () =>
      write(async (trx) => {
        const result = await run(trx);
        await boundary(`inside ${name}`);
        return result;
      }),
    )();
  };
  const together = (runAll: RunAll, input: unknown, context: unknown) =>
    around(`write of ${runAll.name}`, () => write.together(adaptRunAll(runAll), input, context))();
  return Object.assign(alone, { together }) as typeof write;
}

/** The file that called `write`: `store.ts`. */
function callerFile(): string {
  const [, , , caller = ''] = new Error().stack?.split('\n') ?? [];
  return basename(caller).replace(/:.*/, '');
}

function start(daemon: DaemonToKill) {
  const boundary = createBoundary(daemon);
  const config = readMiddlewareConfig(daemon.environment);
  // PostgreSQL may take a moment to notice that the previous daemon is gone
  return eventually(() => startMiddleware(config, { adapt: (context) => adapt(context, boundary) }));
}

process.on('disconnect', () => process.exit());
await Promise.all(daemons.map(start));
