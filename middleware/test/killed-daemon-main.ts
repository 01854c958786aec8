import { appendFileSync } from 'node:fs';
import { basename } from 'node:path';
import { runService } from '@doorstep/kit/lifecycle.ts';
import { readMiddlewareConfig } from '../src/config.ts';
import type { MiddlewareContext } from '../src/context.ts';
import { startMiddleware } from '../src/middleware.ts';

/**
 * The daemon, ending itself as by kill -9 at one of its boundaries: before or after a call to a neighbour or a write to
 * the ledger. `KILL_AT` says which: its name, and the how-manieth of that name it is (`after target.create 2`). All that
 * it comes to are written to `BOUNDARIES_FILE`.
 */
const { KILL_AT, BOUNDARIES_FILE = '' } = process.env;
const passed = new Map<string, number>();

function boundary(name: string): void {
  const count = (passed.get(name) ?? 0) + 1;
  passed.set(name, count);
  appendFileSync(BOUNDARIES_FILE, `${name} ${count}\n`);
  if (`${name} ${count}` === KILL_AT) process.kill(process.pid, 'SIGKILL'); // never returns
}

function between<Args extends unknown[], Result>(name: string, call: (...args: Args) => Promise<Result>) {
  return async (...args: Args): Promise<Result> => {
    boundary(`before ${name}`);
    const result = await call(...args);
    boundary(`after ${name}`);
    return result;
  };
}

function adapt(context: MiddlewareContext): MiddlewareContext {
  const { source, target, write } = context;
  return {
    ...context,
    source: {
      ...source,
      fetchPage: between('source.fetchPage', source.fetchPage),
      report: between('source.report', source.report),
    },
    target: {
      ...target,
      create: between('target.create', target.create),
      createMany: between('target.createMany', target.createMany),
      find: between('target.find', target.find),
      findMany: between('target.findMany', target.findMany),
    },
    write: (run) => between(`write of ${run.name || callerFile()}`, () => write(run))(),
  };
}

/** Who has called `write`: `store.ts`. */
function callerFile(): string {
  const [, , , caller = ''] = new Error().stack?.split('\n') ?? [];
  return basename(caller).replace(/:.*/, '');
}

await runService(async () => startMiddleware(readMiddlewareConfig(process.env), { adapt }));
