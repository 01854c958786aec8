import type { MiddlewareContext } from '../context.ts';
import { emptyCounts, type Reconciliation } from '../reconcile/reconciliation.ts';
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

/** A result that an earlier version stored has fewer counts. */
export function toReconciliationView(stored: Reconciliation) {
  const { at, durationMs, onTheirWay, otherTypes, types, otherSources, exceptions, proven, ...counts } = {
    ...emptyCounts(),
    ...stored,
  };
  return {
    at,
    duration_ms: durationMs,
    ...counts,
    on_their_way: onTheirWay,
    other_types: otherTypes,
    types,
    other_sources: otherSources,
    exceptions: { ...emptyCounts().exceptions, ...exceptions },
    proven,
  };
}
