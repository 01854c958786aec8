import type { MiddlewareContext } from '../context.ts';
import { ledgerSummary } from './ledger-summary.ts';

/** What `/status` and the command line show of the ledger. */
export async function getStatus(context: Pick<MiddlewareContext, 'db' | 'clock'>) {
  const summary = await ledgerSummary(context);
  const { cursor, deliveries, oldestPendingSeconds, quarantined, paused, reconciliation } = summary;
  return {
    cursor,
    deliveries,
    oldest_pending_seconds: oldestPendingSeconds,
    quarantined,
    paused,
    reconciliation: reconciliation && {
      at: reconciliation.at,
      duration_ms: reconciliation.durationMs,
      customers: reconciliation.customers,
      packages: reconciliation.packages,
      matched: reconciliation.matched,
      on_their_way: reconciliation.onTheirWay,
      departed: reconciliation.departed,
      exceptions: reconciliation.exceptions,
      proven: reconciliation.proven,
    },
  };
}
