import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { within } from './eventually.ts';
import { quickStart } from './quick-start.ts';

const root = join(import.meta.dirname, '../..');

export type SpawnedService = AsyncDisposable & {
  url: string;
  process: ChildProcess;
  /** Its output so far. */
  output: () => string;
  /** Sends the signal and waits for the exit. Returns the exit code, or null if the signal killed the process. */
  end(signal: NodeJS.Signals): Promise<number | null>;
};

type Environment = Record<string, string>;

/** Starts a service as its own process and waits until it is ready. */
export async function spawnService(name: string, environment: Environment): Promise<SpawnedService> {
  const { child, output } = spawnMain(name, environment);
  const ended = once(child, 'close').then(() => {
    throw new Error(`${name} ended:\n${output()}`);
  });
  const ready = Promise.race([once(child, 'message'), ended]);
  const [{ ready: url }] = await within(`the start of ${name}`, ready).catch((error) => {
    child.kill('SIGKILL');
    throw error;
  });
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await within(`the end of ${name}`, once(child, 'exit'));
    }
    return child.exitCode;
  };
  return {
    url,
    process: child,
    output,
    end,
    [Symbol.asyncDispose]: async () => {
      await end('SIGKILL');
    },
  };
}

/** Runs a service or one of its commands until it exits by itself. */
export async function runToItsEnd(
  name: string,
  environment: Environment,
  words: string[] = [],
): Promise<{ code: number | null; output: string }> {
  const { child, output } = spawnMain(name, environment, words);
  await within(`the end of ${name} ${words.join(' ')}`, once(child, 'close')).catch((error) => {
    child.kill('SIGKILL');
    throw new Error(`${error.message}; its output:\n${output()}`);
  });
  return { code: child.exitCode, output: output() };
}

function spawnMain(name: string, environment: Environment, words: string[] = []) {
  const { PATH } = process.env;
  const child = spawn(process.execPath, [join(root, name, 'src/main.ts'), ...words], {
    env: { PATH, ...quickStart, PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let text = '';
  child.stdout?.on('data', (chunk) => {
    text += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    text += chunk;
  });
  return { child, output: () => text };
}
