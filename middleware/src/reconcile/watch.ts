import { isUnavailable } from '@doorstep/kit/database/faults.ts';
import { formatDuration } from '@doorstep/kit/text/format-duration.ts';
import { repair } from '../commands/repair.ts';
import type { MiddlewareContext } from '../context.ts';
import { reconcile } from './reconcile.ts';
import { summarize } from './summarize.ts';

/** The console shows so many; the command line shows all. */
const linesMax = 10;

/**
 * The daemon's own reconciliation: tells the console what it finds, and records customers that no poll has seen, as a
 * CRM without an order guarantee may leave some behind, and those who were deleted and restored. Anything else is for a person to look at. Never throws.
 */
export async function watchBothSides(context: MiddlewareContext, signal: AbortSignal): Promise<void> {
  const { logger, metrics } = context;
  let told = 0;
  try {
    const result = await reconcile(context, {
      signal,
      onException({ detail, customerId }) {
        told += 1;
        if (told <= linesMax) logger.warn(`reconciliation: ${detail}`, { customerId });
      },
      onMissing: (customers) =>
        repair(
          context,
          customers.filter(({ isNew }) => isNew).map(({ customerId }) => customerId),
        ),
    });
    if (result.kind === 'unavailable') {
      metrics.reconciliations.inc({ outcome: 'failed' });
      return void logger.warn(`reconciliation: cannot be made now, ${result.reason}`);
    }
    const { reconciliation } = result;
    metrics.reconciliations.inc({ outcome: reconciliation.proven ? 'proven' : 'exceptions' });
    const line = `reconciliation: ${summarize(reconciliation)}, in ${formatDuration(reconciliation.durationMs)}`;
    if (told > 0)
      logger.warn(`${line}; npm run middleware -- reconcile lists them, with --repair delivers what is missing`);
    else logger.info(line);
  } catch (error) {
    // what is away needs no stack to be understood
    const fields = isUnavailable(error) ? {} : { error };
    if (!signal.aborted) logger.warn(`reconciliation failed: ${(error as Error).message}`, fields);
  }
}
