import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { OtherProcessCommand } from './other-process-main.ts';
import { quickStart } from './quick-start.ts';

export type OtherProcess = AsyncDisposable & {
  pid: number;
  /** Runs the command in that process. Returns its result, or rejects with its error message. */
  run(command: OtherProcessCommand): Promise<unknown>;
  /** Kills the process without any clean-up. */
  kill(): Promise<void>;
};

/** Starts another process of the same program, to test what two processes must not do at once. */
export async function startOtherProcess(): Promise<OtherProcess> {
  const child = fork(join(import.meta.dirname, 'other-process-main.ts'), {
    env: quickStart,
    execArgv: [], // not the arguments of the test runner
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
  const next = () => Promise.race([once(child, 'message'), ended.then(() => [{ error: 'the process ended' }])]);
  await next();
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  return {
    pid: child.pid ?? 0,
    run: async (command) => {
      child.send(command);
      const [{ value, error }] = await next();
      if (error !== undefined) throw new Error(error);
      return value;
    },
    kill,
    [Symbol.asyncDispose]: kill,
  };
}
