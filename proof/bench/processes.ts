import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

export const programs = {
  crm: join(root, 'crm/src/main.ts'),
  inventory: join(root, 'inventory/src/main.ts'),
  middleware: join(root, 'middleware/src/main.ts'),
  all: join(root, 'scripts/start.ts'),
};

export type Environment = Record<string, string>;

export type Process = AsyncDisposable & {
  /** Its address, once it is ready. */
  url: Promise<string>;
  /** Resolves when it ends; rejects if its exit code is not 0. */
  ended: Promise<void>;
  /** Resolves when its output from now on has matched `count` times; rejects if it ends first. */
  hasWritten(pattern: RegExp, count: number): Promise<void>;
  /** Its memory now, and its peak. */
  memory(): { nowMb: number; peakMb: number };
};

const running = new Set<ChildProcess>();

/** Starts a program as its users do. A service ends when this process ends, for whatever reason. */
export function startProcess(file: string, environment: Environment = {}, words: string[] = []): Process {
  // NODE_OPTIONS, so that a run can be profiled: NODE_OPTIONS='--cpu-prof --cpu-prof-dir=…'
  const { PATH, HOME, NODE_OPTIONS } = process.env;
  const env = { PATH, HOME, ...(NODE_OPTIONS && { NODE_OPTIONS }), ...environment };
  const child = spawn(process.execPath, [file, ...words], { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  running.add(child);
  const ready = Promise.withResolvers<string>();
  const output = watchOutput(child);
  child.on('message', (message: { ready?: string }) => message.ready && ready.resolve(message.ready));
  const ended = once(child, 'close').then(([code]) => {
    running.delete(child);
    if (code === 0) return;
    const failure = new Error(`${file} ended with ${code}:\n${output.tail()}`);
    ready.reject(failure);
    throw failure;
  });
  ended.catch(() => undefined);
  const endedTooEarly = ended.then(() => {
    throw new Error(`${file} ended before it was done:\n${output.tail()}`);
  });
  endedTooEarly.catch(() => undefined);
  ready.promise.catch(() => undefined);
  return {
    url: ready.promise,
    ended,
    hasWritten: (pattern, count) => Promise.race([output.hasWritten(pattern, count), endedTooEarly]),
    memory: () => readMemory(child.pid as number),
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await ended.catch(() => undefined);
    },
  };
}

export function killAll(): void {
  for (const child of running) child.kill('SIGKILL');
}

const tailMax = 4_000;

function watchOutput({ stdout, stderr }: ChildProcess) {
  let tail = '';
  let rest = '';
  let watched: { pattern: RegExp; count: number; resolve: () => void } | undefined;
  const take = (chunk: string) => {
    tail = (tail + chunk).slice(-tailMax);
    if (!watched) return;
    const lines = rest + chunk;
    rest = lines.slice(lines.lastIndexOf('\n') + 1);
    watched.count -= lines.slice(0, lines.length - rest.length).match(watched.pattern)?.length ?? 0;
    if (watched.count <= 0) watched.resolve();
  };
  for (const stream of [stdout, stderr]) stream?.setEncoding('utf8').on('data', take);
  return {
    tail: () => tail,
    hasWritten: (pattern: RegExp, count: number) =>
      new Promise<void>((resolve) => {
        watched = { pattern: new RegExp(pattern, 'g'), count, resolve };
      }),
  };
}

/** Works only on Linux, and throws elsewhere. */
function readMemory(pid: number): { nowMb: number; peakMb: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mb = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
  return { nowMb: mb('VmRSS'), peakMb: mb('VmHWM') };
}
