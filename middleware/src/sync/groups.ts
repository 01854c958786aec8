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
  /** Counts a group as under way while `call` runs. */
  during<T>(call: () => Promise<T>): Promise<T>;
  notTaken(how: NonNullable<GroupAttempt['notTaken']>): void;
};

/** A target that takes no groups is not asked again until a restart; one that refuses a group may take a smaller one. */
export function createGroups(logger: Logger): Groups {
  let size = groupMax;
  let underWay = 0;
  return {
    size: () => size,
    isFull: () => underWay >= underWayMax,
    async during(call) {
      underWay += 1;
      try {
        return await call();
      } finally {
        underWay -= 1;
      }
    },
    notTaken({ deliveries, refused }) {
      if (size === 0) return; // another group has learnt it already
      const half = Math.floor(deliveries.length / 2);
      size = refused !== undefined && half > groupMin ? half : 0;
      const why = refused ?? 'the Inventory has no POST /packages/batch';
      logger.info(`${why}; packages are posted ${size === 0 ? 'one by one until a restart' : `${size} at once`}`);
    },
  };
}
