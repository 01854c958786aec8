import { backoffMs } from '@doorstep/kit/work/backoff.ts';
import type { InventoryContext } from '../context.ts';
import { type AlertRow, listDueAlerts, markSent, postponeAlert } from '../db/alerts.ts';
import type { AlertTarget, Refusal } from '../ports.ts';

export type SendContext = Pick<InventoryContext, 'db' | 'write' | 'clock'> & {
  target: AlertTarget;
  random: () => number;
};

export type Failure = { alert: AlertRow; waitMs: number } & Refusal;

/** Alerts per call. Each is marked as soon as it is sent, so a crash repeats at most one. */
const batchMax = 100;
/** No wait is longer, apart from jitter, whatever the receiver asks for. */
const longestMs = 3_600_000;
/** For an alert that the receiver rejects individually; it is retried until it is delivered. */
const waits = { firstMs: 5_000, longestMs };

/**
 * Sends the due alerts one after the other, and stops at a failure that the others would meet too. An alert that fails
 * goes to the end of the queue, so that it never blocks another. An alert that a crash repeats has the same id.
 */
export async function sendAlerts(
  { db, write, clock, target, random }: SendContext,
  stop: AbortSignal,
): Promise<{ sent: number; failures: Failure[] }> {
  const failures: Failure[] = [];
  let sent = 0;
  // 1.5 times the longest wait leaves room for jitter
  const due = { now: clock.now(), waitMsMax: 1.5 * longestMs, limit: batchMax };
  for (const alert of await listDueAlerts(db, due)) {
    const refusal = await target.send({ id: alert.message_id, body: alert.body }, stop);
    if (!refusal) {
      sent += 1;
      await write((trx) => markSent(trx, alert.id, clock.now().toISOString()));
    }
    if (stop.aborted) break;
    if (!refusal) continue;
    const attempts = alert.attempts + 1;
    const waitMs = refusal.isForAll ? 0 : Math.max(backoffMs(waits, attempts, random()), refusal.afterMs ?? 0);
    const next_attempt_at = new Date(clock.now().getTime() + waitMs).toISOString();
    await write((trx) => postponeAlert(trx, { id: alert.id, attempts, next_attempt_at }));
    failures.push({ alert, waitMs, ...refusal });
    if (refusal.isForAll) break;
  }
  return { sent, failures };
}
