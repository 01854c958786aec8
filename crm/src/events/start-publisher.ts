import type { OwnerLock } from '@doorstep/kit/work/owner-lock.ts';
import { startWorker, type Worker } from '@doorstep/kit/work/worker.ts';
import { createPublishRound, type RoundOptions } from './publish-round.ts';

export type PublisherOptions = RoundOptions & {
  /** Only one process publishes, because two would lose the order. @throws while another process holds the lock. */
  takeLock: () => Promise<OwnerLock>;
};

const words = {
  idle: 'this process does not publish events',
  mine: 'this process publishes events now',
};

/** Publishes events in order, at least once, as soon as they are written; backs off while publishing fails. */
export function startPublisher(options: PublisherOptions): Worker {
  const { takeLock, logger } = options;
  return startWorker({ work: createPublishRound(options), takeLock, logger, words });
}
