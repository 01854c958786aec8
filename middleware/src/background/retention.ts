import { startRetention } from '@doorstep/kit/work/retention.ts';
import type { Worker } from '@doorstep/kit/work/worker.ts';
import type { MiddlewareContext } from '../context.ts';
import { deleteOldAttempts } from '../db/old-attempts.ts';

/** Deletes the old attempts of finished deliveries in the background; undefined if `days` is 0. */
export function startAttemptRetention({ write, clock, logger }: MiddlewareContext, days: number): Worker | undefined {
  let after = 0;
  return startRetention({
    days,
    clock,
    logger,
    async deleteSome(before) {
      const next = await write((trx) => deleteOldAttempts(trx, { before, after }));
      after = next ?? 0;
      return next !== undefined;
    },
  });
}
