import { isUnavailable } from '@doorstep/kit/database/faults.ts';
import type { MiddlewareContext } from './context.ts';
import { formatDuration } from './format.ts';

const oftenEnoughMs = 60_000;

export type Trouble = {
  tell(what: string, error?: unknown): void;
  /** Tells of the end, where there was trouble. */
  over(): void;
};

type Words = {
  /** What becomes of the work meanwhile: `polling goes on`. */
  meanwhile: string;
  /** `polling works again` */
  over: string;
};

/** Trouble that lasts is told once, then once a minute, and its end once. */
export function createTrouble({ logger, clock }: Pick<MiddlewareContext, 'logger' | 'clock'>, words: Words): Trouble {
  let sinceMs: number | undefined;
  let toldMs = 0;
  return {
    tell(what, error) {
      const nowMs = clock.monotonicMs();
      if (sinceMs !== undefined && nowMs - toldMs < oftenEnoughMs) return;
      const lasting = sinceMs === undefined ? '' : `, for ${formatDuration(nowMs - sinceMs)} now`;
      // what is away needs no stack to be understood; anything else may be a bug
      logger.warn(`${what}${lasting}; ${words.meanwhile}`, isUnavailable(error) ? {} : { error });
      sinceMs ??= nowMs;
      toldMs = nowMs;
    },
    over() {
      if (sinceMs === undefined) return;
      logger.info(`${words.over} after ${formatDuration(clock.monotonicMs() - sinceMs)}`);
      sinceMs = undefined;
    },
  };
}
