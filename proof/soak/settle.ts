import type { DatabaseKind } from '@doorstep/kit/test/databases.ts';
import { ask } from './ask.ts';
import type { Journal } from './journal.ts';
import type { Read } from './read-databases.ts';
import { pause } from './waits.ts';

type Options = {
  kind: DatabaseKind;
  crmUrl: string;
  middlewareUrl: string;
  read: Read;
  journal: Journal;
  say: (line: string) => void;
  ended: AbortSignal;
};

export type Settled = { isSettled: boolean; replayed: number; seconds: number };

const settleTimeoutMs = 5 * 60_000;
const progressEveryMs = 15_000;

/** Resumes deliveries and waits until the daemon has finished all work by itself; replays dead letters once. */
export async function settle(options: Options): Promise<Settled> {
  const { middlewareUrl, read, journal, ended } = options;
  const startMs = performance.now();
  const seconds = () => Math.round((performance.now() - startMs) / 1000);
  const isResumed = await isAnswered(`${middlewareUrl}/resume`, ended);
  if (!isResumed || !(await waitForAll(options))) return { isSettled: false, replayed: 0, seconds: seconds() };
  const dead = await read<{ error: string; count: number }>(
    'middleware',
    `select error, count(*) as count from deliveries where state = 'dead' group by error`,
  );
  if (dead.length === 0) return { isSettled: true, replayed: 0, seconds: seconds() };
  for (const { error, count } of dead) journal.note(`${count} dead: ${error}`);
  const replayed = dead.reduce((sum, { count }) => sum + count, 0);
  const isReplayed = await isAnswered(`${middlewareUrl}/deliveries/replay`, ended, { state: 'dead' });
  return { isSettled: isReplayed && (await waitForAll(options)), replayed, seconds: seconds() };
}

async function isAnswered(url: string, ended: AbortSignal, body?: unknown): Promise<boolean> {
  const deadlineMs = performance.now() + settleTimeoutMs;
  while (!ended.aborted && performance.now() < deadlineMs) {
    if ((await ask(url, { method: 'POST', body }))?.status === 200) return true;
    await pause(500, ended);
  }
  return false;
}

type Status = { cursor: number; deliveries: { pending: number; retrying: number } };

async function waitForAll({ kind, crmUrl, middlewareUrl, read, say, ended }: Options): Promise<boolean> {
  const deadlineMs = performance.now() + settleTimeoutMs;
  let progressMs = performance.now() + progressEveryMs;
  while (!ended.aborted && performance.now() < deadlineMs) {
    const status = (await ask(`${middlewareUrl}/status`))?.body as Status | undefined;
    const beyond = status && (await ask(`${crmUrl}/customers?after=${status.cursor}&limit=1`));
    const [unreported] = await read<{ count: number }>(
      'middleware',
      'select count(*) as count from deliveries where report_pending = 1 or claimed_at is not null',
    );
    const waiting = status ? status.deliveries.pending + status.deliveries.retrying : Number.NaN;
    const isAtEnd = Array.isArray(beyond?.body) && beyond.body.length === 0;
    if (waiting === 0 && isAtEnd && unreported?.count === 0) return true;
    if (performance.now() > progressMs) {
      say(`${kind}, faults are over: ${waiting} deliveries wait, ${unreported?.count} are not yet reported to the CRM`);
      progressMs += progressEveryMs;
    }
    await pause(500, ended);
  }
  return false;
}
