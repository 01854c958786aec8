import type { MiddlewareContext } from '../context.ts';
import type { Reconciliation } from '../reconcile/reconciliation.ts';
import { ledgerSummary } from './ledger-summary.ts';

export async function getStatus(context: Pick<MiddlewareContext, 'db' | 'clock'>) {
  const summary = await ledgerSummary(context);
  const { cursor, deliveries, oldestPendingSeconds, quarantined, pause, reconciliation } = summary;
  return {
    cursor,
    deliveries,
    oldest_pending_seconds: oldestPendingSeconds,
    quarantined,
    paused: pause !== null,
    pause,
    reconciliation: reconciliation && toReconciliationView(reconciliation),
  };
}

export function toReconciliationView({ at, durationMs, onTheirWay, ...counts }: Reconciliation) {
  const { customers, packages, matched, departed, exceptions, proven } = counts;
  return {
    at,
    duration_ms: durationMs,
    customers,
    packages,
    matched,
    on_their_way: onTheirWay,
    departed,
    exceptions,
    proven,
  };
}
