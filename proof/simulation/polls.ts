import type { Ledger } from './ledger.ts';
import type { Lives } from './lives.ts';
import type { Oracle } from './oracle/oracle.ts';
import type { VirtualTime } from './virtual-time.ts';
import type { Watch } from './watch.ts';

type Means = {
  ledger: Ledger;
  lives: Lives;
  oracle: Oracle;
  time: VirtualTime;
  watch: Watch;
};

const pollMs = 5_000;
const pollsOften = 2;
const rarerBy = 5;
/**
 * The schedule of polls: every five seconds while something goes on, then rarer and rarer. Those that are left out would
 * see nothing new, and take most of the time there is.
 */
export function createPolls({ ledger, lives, oracle, time, watch }: Means) {
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
    // a whole poll has taken up what was due after the last disturbance
    const isCalm = lives.polledMs() > Math.max(watch.disturbedMs(), lives.startedMs());
    const isFree =
      time.daemonSleeps() && sync.breaker() === 'closed' && ledger.isWell() && oracle.pausedSince() === undefined;
    oracle.checkCursor();
    if (isCalm && isFree) oracle.checkNobodyIsForgotten();
    lives.poll();
  });

  return {
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
