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
const gapGrowth = 5;

/**
 * The poll schedule: every five seconds while something happens, then at growing intervals. The polls that are left out
 * would find nothing new and take most of the run time.
 */
export function createPolls({ ledger, lives, oracle, time, watch }: Means) {
  let often = 0;
  let gapMs = pollMs;
  let gapMaxMs = 24 * 3_600_000;
  let next: ReturnType<VirtualTime['after']> | undefined;

  const poll = watch.guarded(() => {
    often += 1;
    if (often > pollsOften) gapMs = Math.min(gapMs * gapGrowth, gapMaxMs);
    next = time.after(gapMs, 'world', poll);
    const daemon = lives.daemon();
    if (!daemon) return;
    const { sync } = daemon;
    // a complete poll has run since the last disturbance
    const isCalm = lives.polledMs() > Math.max(watch.disturbedMs(), lives.startedMs());
    const isFree =
      time.daemonSleeps() && sync.breaker() === 'closed' && ledger.isWell() && oracle.pausedSince() === undefined;
    oracle.checkCursor();
    if (isCalm && isFree) oracle.checkNoDueDeliveryWaits();
    lives.poll();
  });

  return {
    /** Makes polls frequent again after an event. */
    soon() {
      often = 0;
      gapMs = pollMs;
      if (next) next.cancelled = true;
      next = time.after(pollMs, 'world', poll);
    },
    /** Limits the interval between polls. */
    limit(ms: number) {
      gapMaxMs = ms;
    },
  };
}

export type Polls = ReturnType<typeof createPolls>;
