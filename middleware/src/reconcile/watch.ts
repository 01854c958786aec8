import { isUnavailable } from '@doorstep/kit/database/faults.ts';
import { formatDuration } from '@doorstep/kit/text/format-duration.ts';
import { repair } from '../commands/repair.ts';
import type { MiddlewareContext } from '../context.ts';
import { whatToDo } from '../strangers.ts';
import { reconcile } from './reconcile.ts';
import { summarize } from './summarize.ts';

/** Exceptions that the console shows; the command line shows all. */
const linesMax = 10;

/**
 * The daemon's own reconciliation. Repairs only customers that no poll has seen, as a CRM without an order guarantee
 * may hide some, and customers that were restored; the rest needs an operator. Never throws.
 */
export async function watchBothSides(context: MiddlewareContext, signal: AbortSignal): Promise<void> {
  const { logger, metrics } = context;
  let found = 0;
  try {
    const result = await reconcile(context, {
      signal,
      onException({ detail, customerId }) {
        found += 1;
        if (found <= linesMax) logger.warn(`reconciliation: ${detail}`, { customerId });
      },
      onMissing: (customers) =>
        repair(
          context,
          customers.filter(({ isNew }) => isNew).map(({ customerId }) => customerId),
        ),
    });
    if (result.kind === 'unavailable') {
      metrics.reconciliations.inc({ outcome: 'failed' });
      return void logger.warn(`reconciliation: not possible now, ${result.reason}`);
    }
    const { reconciliation } = result;
    metrics.reconciliations.inc({ outcome: reconciliation.proven ? 'proven' : 'exceptions' });
    const line = `reconciliation: ${summarize(reconciliation)}, in ${formatDuration(reconciliation.durationMs)}`;
    const todo = reconciliation.exceptions.changed > 0 ? `; deliveries are stopped: ${whatToDo}` : '';
    if (found > 0)
      logger.warn(
        `${line}; npm run middleware -- reconcile lists them; add --repair to deliver what is missing${todo}`,
      );
    else logger.info(line);
  } catch (error) {
    // an unavailable database needs no stack trace
    const fields = isUnavailable(error) ? {} : { error };
    if (!signal.aborted) logger.warn(`reconciliation failed: ${(error as Error).message}`, fields);
  }
}
