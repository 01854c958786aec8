import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { OtherProcessCommand } from './other-process-main.ts';
import { quickStart } from './quick-start.ts';

export type OtherProcess = AsyncDisposable & {
  pid: number;
  /** Has it do that; gives what came of it, or rejects with the message of what was thrown. */
  run(command: OtherProcessCommand): Promise<unknown>;
  /** Ends it without a chance to clean up. */
  kill(): Promise<void>;
};

/** Another process of the same program: for what two of them must not do at once. */
export async function startOtherProcess(): Promise<OtherProcess> {
  const child = fork(join(import.meta.dirname, 'other-process-main.ts'), {
    env: quickStart,
    execArgv: [], // not what the tests themselves are run with
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
