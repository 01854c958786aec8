import type { Clock } from '../clock.ts';
import { isUnavailable } from '../database/faults.ts';
import type { Logger } from '../process/logger.ts';
import { formatDuration } from '../text/format-duration.ts';

export type OutageLog = {
  /** Something is away. Logged the first time, then once a minute for as long as it lasts. */
  away(reason: string, error?: unknown): void;
  /** It is back. Logged once, and only after an outage. */
  back(): void;
};

type Words = {
  /** What happens to the work during the outage: `polling goes on`. */
  meanwhile: string;
  /** `polling works again` */
  over: string;
};

const repeatMs = 60_000;

export function createOutageLog({ logger, clock }: { logger: Logger; clock: Clock }, words: Words): OutageLog {
  let outage: { sinceMs: number; loggedMs: number } | undefined;
  return {
    away(reason, error) {
      const nowMs = clock.monotonicMs();
      if (outage && nowMs - outage.loggedMs < repeatMs) return;
      const lasting = outage ? `, for ${formatDuration(nowMs - outage.sinceMs)} now` : '';
      // an unreachable system needs no stack to be understood; any other error may be a bug
      logger.warn(`${reason}${lasting}; ${words.meanwhile}`, isUnavailable(error) ? {} : { error });
      outage = { sinceMs: outage?.sinceMs ?? nowMs, loggedMs: nowMs };
    },
    back() {
      if (!outage) return;
      logger.info(`${words.over} after ${formatDuration(clock.monotonicMs() - outage.sinceMs)}`);
      outage = undefined;
    },
  };
}
