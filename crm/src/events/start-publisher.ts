import type { OwnerLock } from '@doorstep/kit/work/owner-lock.ts';
import { startWorker, type Worker } from '@doorstep/kit/work/worker.ts';
import { createPublishRound, type RoundOptions } from './publish-round.ts';

export type PublisherOptions = RoundOptions & {
  /** One process publishes, or the order would be lost. @throws while another one does. */
  takeLock: () => Promise<OwnerLock>;
};

const words = {
  idle: 'events are not published by this process',
  mine: 'events are published by this process from now on',
};

/** Publishes events in their order, at least once, as soon as they are written; backs off while that fails. */
export function startPublisher(options: PublisherOptions): Worker {
  const { takeLock, logger } = options;
  return startWorker({ work: createPublishRound(options), takeLock, logger, words });
}
