import type { Logger } from '@doorstep/kit/process/logger.ts';
import type { GroupVerdict } from '../attempted.ts';

/** With fewer waiting, a group would gain nothing. */
export const groupMin = 50;
const groupMax = 500;
/** The Inventory has one writer, so more groups than this only wait there. */
const underWayMax = 3;
/** It may have been a gateway that answered for an absent Inventory and said that there are no groups. */
const askAgainAfter = 1_000;

export type Groups = {
  /** How many deliveries may travel in the next group; 0: none travel in groups. */
  size(): number;
  /** As many groups as may be are under way. */
  isFull(): boolean;
  /** A group of so many deliveries is posted. */
  begin(count: number): Group;
  /** So many attempts have ended, in groups or one by one. */
  ended(count: number): void;
};

type Group = {
  learn(verdict: GroupVerdict): void;
  /** Frees the group's place: its deliveries are stored, or given back. */
  end(): void;
};

/**
 * An Inventory that takes no groups is given none for the next thousand attempts. One that refuses a group, answers 500 to
 * it or gives no answer in time is given half as many at once, down to one by one, and after every so many further
 * attempts twice as many again.
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

  return {
    size: () => size,
    isFull: () => underWay >= underWayMax,
    begin(count) {
      // it may have been claimed before the size fell
      const sentWith = Math.max(size, count);
      underWay += 1;
      return {
        learn(verdict) {
          // groups that were sent at the same size teach the same lesson, and it is learned once
          if (verdict.kind === 'taken' || !isSupported || sentWith !== size) return;
          if (verdict.kind === 'failed') return halve(count);
          isSupported = !verdict.unsupported;
          halve(isSupported ? count : 0);
          tell(verdict.reason);
        },
        end() {
          underWay -= 1;
        },
      };
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
