import type { Clock } from '../clock.ts';
import { isUnavailable } from '../database/faults.ts';
import type { Logger } from '../process/logger.ts';
import { formatDuration } from '../text/format-duration.ts';

export type OutageLog = {
  /** Reports an outage. Logged the first time, then as `repeats` says. */
  away(reason: string, error?: unknown): void;
  /** Reports the end of an outage. Logged once, and only after an outage. */
  back(): void;
};

type Words = {
  /** What the service does during the outage: `polling goes on`. */
  meanwhile: string;
  over: string;
};

/** `when the reason changes` suits a state that may last for days without a fault, such as a standby. */
type Repeats = 'each minute' | 'when the reason changes';

const minuteMs = 60_000;

export function createOutageLog(
  { logger, clock }: { logger: Logger; clock: Clock },
  words: Words,
  repeats: Repeats = 'each minute',
): OutageLog {
  let outage: { reason: string; sinceMs: number; loggedMs: number } | undefined;

  function isRepeated({ reason, loggedMs }: { reason: string; loggedMs: number }, now: string): boolean {
    return repeats === 'each minute' ? clock.monotonicMs() - loggedMs >= minuteMs : reason !== now;
  }

  return {
    away(reason, error) {
      if (outage && !isRepeated(outage, reason)) return;
      const nowMs = clock.monotonicMs();
      const lasting = outage ? `, for ${formatDuration(nowMs - outage.sinceMs)} now` : '';
      // an unreachable system needs no stack trace; any other error may be a bug
      logger.warn(`${reason}${lasting}; ${words.meanwhile}`, isUnavailable(error) ? {} : { error });
      outage = { reason, sinceMs: outage?.sinceMs ?? nowMs, loggedMs: nowMs };
    },
    back() {
      if (!outage) return;
      logger.info(`${words.over} after ${formatDuration(clock.monotonicMs() - outage.sinceMs)}`);
      outage = undefined;
    },
  };
}
