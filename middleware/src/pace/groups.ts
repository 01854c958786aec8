import type { Logger } from '@doorstep/kit/process/logger.ts';
import type { GroupVerdict } from '../deliver/attempt.ts';

/** With fewer waiting, a group would gain nothing. */
export const groupMin = 50;
const groupMax = 500;
/** The Inventory has one writer, so more groups than this only wait there. */
const underWayMax = 3;
/** It may have been a gateway that said there are no groups, for a target that was away. */
const askAgainAfter = 1_000;

export type Groups = {
  /** How many may travel in the next group; 0: there are no groups. */
  size(): number;
  /** As many groups as may be are under way. */
  isFull(): boolean;
  /** Sends a group of so many, and learns from what the target says to it. */
  send(count: number, call: () => Promise<GroupVerdict>): Promise<GroupVerdict>;
  /** So many attempts have ended, made in groups or one by one. */
  ended(count: number): void;
};

/**
 * A target that takes no groups is given none for the next thousand attempts. One that refuses a group, stumbles over it
 * or gives no answer in time is given half as many at once, down to one by one, and after every so many further attempts
 * twice as many again.
 */
export function createGroups(logger: Logger): Groups {
  let isSupported = true;
  let size = groupMax;
  let endedSince = 0;
  let toldSize = groupMax;
  let underWay = 0;

  function halve(count: number) {
    const half = Math.floor(Math.min(size, count) / 2);
    size = half > groupMin ? half : 0;
    endedSince = 0;
  }

  function tell(reason: string) {
    if (size >= toldSize) return;
    toldSize = size;
    logger.info(`${reason}; packages are posted ${size === 0 ? 'one by one' : `${size} at once`}`);
  }

  function learn(verdict: GroupVerdict, { count, sentWith }: { count: number; sentWith: number }) {
    // others that were sent at the same size say the same again
    if (verdict.kind === 'taken' || !isSupported || sentWith !== size) return;
    if (verdict.kind === 'failed') return halve(count);
    isSupported = !verdict.unsupported;
    halve(isSupported ? count : 0);
    tell(verdict.reason);
  }

  return {
    size: () => size,
    isFull: () => underWay >= underWayMax,
    async send(count, call) {
      const sentWith = size;
      underWay += 1;
      try {
        const verdict = await call();
        learn(verdict, { count, sentWith });
        return verdict;
      } finally {
        underWay -= 1;
      }
    },
    ended(count) {
      endedSince += count;
      const enough = isSupported ? 2 * Math.max(size, groupMin) : askAgainAfter;
      if (size === groupMax || endedSince < enough) return;
      endedSince = 0;
      isSupported = true;
      size = Math.min(Math.max(2 * size, groupMin + 1), groupMax);
    },
  };
}
