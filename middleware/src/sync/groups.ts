import type { Logger } from '@doorstep/kit/logger.ts';
import type { GroupAttempt } from './attempt.ts';

/** With fewer waiting, a group would gain nothing. */
export const groupMin = 50;
const groupMax = 500;
/** The Inventory has one writer, so more groups than this only wait there. */
const underWayMax = 3;

export type Groups = {
  /** How many may travel in the next group; 0: there are no groups. */
  size(): number;
  /** As many groups as may be are under way. */
  isFull(): boolean;
  /** Sends a group, and learns from what the target says to it. */
  send(call: () => Promise<GroupAttempt['notTaken']>): Promise<GroupAttempt['notTaken']>;
  /** So many attempts have ended, made in groups or one by one. */
  ended(count: number): void;
};

/**
 * A target that takes no groups is not asked again until a restart. One that refuses a group, or stumbles over it, is
 * given half as many at once, down to one by one, and after every so many further attempts twice as many again.
 */
export function createGroups(logger: Logger): Groups {
  let isSupported = true;
  let size = groupMax;
  let endedSince = 0;
  let toldSize = groupMax;
  let underWay = 0;

  function notTaken({ deliveries, refused }: NonNullable<GroupAttempt['notTaken']>) {
    if (!isSupported) return; // another group has learnt it already
    const half = Math.floor(deliveries.length / 2);
    isSupported = refused !== undefined;
    size = isSupported && half > groupMin ? half : 0;
    endedSince = 0;
    if (size >= toldSize) return;
    toldSize = size;
    const why = refused ?? 'the Inventory has no POST /packages/batch';
    logger.info(`${why}; packages are posted ${size === 0 ? 'one by one' : `${size} at once`}`);
  }

  return {
    size: () => (isSupported ? size : 0),
    isFull: () => underWay >= underWayMax,
    async send(call) {
      underWay += 1;
      try {
        const answer = await call();
        if (answer) notTaken(answer);
        return answer;
      } finally {
        underWay -= 1;
      }
    },
    ended(count) {
      endedSince += count;
      if (size === groupMax || endedSince < 2 * Math.max(size, groupMin)) return;
      endedSince = 0;
      size = Math.min(Math.max(2 * size, groupMin + 1), groupMax);
    },
  };
}
