import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '@doorstep/kit/clock.ts';
import type { Ledger } from './ledger.ts';
import type { Lives } from './lives.ts';
import type { Oracle } from './oracle.ts';
import type { VirtualTime } from './virtual-time.ts';
import type { Watch } from './watch.ts';

type Means = {
  clock: Clock;
  database: DatabaseSync;
  ledger: Ledger;
  lives: Lives;
  oracle: Oracle;
  time: VirtualTime;
  watch: Watch;
};

const pollMs = 5_000;
const pollsOften = 2;
const rarerBy = 5;
/** What is due may need a moment to be taken up. */
const momentMs = 1_000;

/** The schedule of polls: every five seconds while something goes on, then rarer and rarer, as those see nothing new. */
export function createPolls({ clock, database, ledger, lives, oracle, time, watch }: Means) {
  const pause = database.prepare("select 1 from facts where name = 'paused'");
  let count = 0;
  let lastMs = 0;
  let often = 0;
  let gapMs = pollMs;
  let gapMaxMs = 24 * 3_600_000;
  let next: ReturnType<VirtualTime['after']> | undefined;

  const poll = watch.guarded(() => {
    often += 1;
    if (often > pollsOften) gapMs = Math.min(gapMs * rarerBy, gapMaxMs);
    next = time.after(gapMs, 'world', poll);
    const daemon = lives.daemon();
    if (!daemon) return;
    const { sync } = daemon;
    // the poll before has taken up what was due after the last disturbance
    const isCalm = lastMs > Math.max(watch.disturbedMs(), lives.startedMs());
    const isFree = time.daemonSleeps() && sync.breaker() === 'closed' && ledger.isWell() && !pause.get();
    if (isCalm && isFree) {
      oracle.checkNobodyLies(new Date(clock.now().getTime() - momentMs).toISOString());
    }
    count += 1;
    lastMs = time.nowMs();
    void sync.poll();
  });

  return {
    count: () => count,
    /** Something has happened. */
    soon() {
      often = 0;
      gapMs = pollMs;
      if (next) next.cancelled = true;
      next = time.after(pollMs, 'world', poll);
    },
    /** From now on none is rarer than this. */
    limit(ms: number) {
      gapMaxMs = ms;
    },
  };
}

export type Polls = ReturnType<typeof createPolls>;
