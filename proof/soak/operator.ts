import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { ask, type Reply } from './ask.ts';
import type { Journal } from './journal.ts';
import type { Memory } from './load.ts';
import type { Random } from './random.ts';
import { type Environment, root } from './service-process.ts';
import { pause } from './waits.ts';

type Options = {
  middlewareUrl: string;
  memory: Memory;
  environment: Environment;
  folder: string;
  random: Random;
  journal: Journal;
  over: AbortSignal;
};

const resumeAgainMs = 1_000;

/** Operates the middleware during the faults, over HTTP and on the command line. */
export async function operate(options: Options): Promise<void> {
  const { middlewareUrl, memory, journal, over } = options;
  const random = options.random.fork('operator');

  const post = async (path: string, body?: unknown): Promise<Reply | undefined> => {
    const reply = await ask(`${middlewareUrl}${path}`, { method: 'POST', body, timeoutMs: 20_000 });
    journal.note(`POST ${path}: ${reply?.status ?? 'no answer'}`);
    if (reply?.status === 200) journal.operation(path.slice(path.lastIndexOf('/') + 1));
    if (reply && ![200, 404, 503].includes(reply.status)) {
      journal.violation(`POST ${path} was answered with ${reply.status} ${JSON.stringify(reply.body)}`);
    }
    return reply;
  };

  while (!over.aborted) {
    await pause(random.between(2_000, 9_000), over);
    if (over.aborted) return;
    const kind = random.weighted({ poll: 3, pause: 2, replay: 4, dead: 1, reconcile: 2 });
    const pausedMs = random.between(500, 6_000);
    const share = random.between(0, 1);
    if (kind === 'poll') await post('/poll');
    if (kind === 'dead') await post('/deliveries/replay', { state: 'dead' });
    if (kind === 'replay') {
      const ids = [...memory.known.keys()];
      const id = ids[Math.floor(share * ids.length)];
      if (id !== undefined) await post(`/deliveries/${id}/replay`);
    }
    if (kind === 'pause') {
      await post('/pause');
      await pause(pausedMs, over);
      while (!over.aborted && (await post('/resume'))?.status !== 200) await pause(resumeAgainMs, over);
    }
    if (kind === 'reconcile') await reconcile(options);
  }
}

/** Reconciling a million customers takes less. */
const commandTimeoutMs = 10 * 60_000;

/** Even during the faults, no customer may have two packages, and no package may lack a customer. */
async function reconcile({ environment, folder, journal }: Options) {
  const { code, out, err } = await runMiddleware(['reconcile', '--json'], environment, folder);
  journal.note(`reconcile: exit code ${code}`);
  // 0 and 1 are results; 3 means that a service cannot be reached
  if ((code === 0 || code === 1) && /"proven":(true|false)/.test(out)) journal.operation('reconcile');
  else if (code !== 3) journal.violation(`reconcile ended with exit code ${code}: ${out}${err}`);
  for (const line of out.split('\n')) {
    if (/"kind":"(double|ownerless)"/.test(line)) journal.violation(`reconcile: ${line}`);
  }
}

export async function runMiddleware(words: string[], environment: Environment, folder: string) {
  const { PATH } = process.env;
  const child = spawn(process.execPath, [join(root, 'middleware/src/main.ts'), ...words], {
    cwd: folder,
    env: { PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: commandTimeoutMs,
    killSignal: 'SIGKILL',
  });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, out, err };
}
