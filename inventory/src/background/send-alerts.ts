import { backoffMs } from '@doorstep/kit/work/backoff.ts';
import type { InventoryContext } from '../context.ts';
import { type AlertRow, deleteAlert, listDueAlerts, postponeAlert } from '../db/alerts.ts';
import type { AlertTarget, Refusal } from '../ports.ts';

export type SendContext = Pick<InventoryContext, 'db' | 'write' | 'clock'> & {
  target: AlertTarget;
  random: () => number;
};

export type Failure = { alert: AlertRow; waitMs: number } & Refusal;

/** A crash repeats none but the one that was under way. */
const batchMax = 100;
/** Nothing waits for longer, whatever a receiver asks for. */
const longestMs = 3_600_000;
/** The waits of an alert that is refused by itself; it is kept until it has arrived. */
const waits = { firstMs: 5_000, longestMs };

/**
 * Sends the alerts that are due, one after the other, up to a failure that the others would meet too. An alert that is
 * refused by itself waits for its next turn, and holds up no other; so that none does, one that fails goes to the end of
 * the queue. What a crash repeats has the same id.
 */
export async function sendAlerts(
  { db, write, clock, target, random }: SendContext,
  stop: AbortSignal,
): Promise<{ sent: number; failures: Failure[] }> {
  const failures: Failure[] = [];
  let sent = 0;
  // once and a half the longest, as the longest has jitter
  const due = { now: clock.now(), waitMsMax: 1.5 * longestMs, limit: batchMax };
  for (const alert of await listDueAlerts(db, due)) {
    const refusal = await target.send({ id: alert.message_id, body: alert.body }, stop);
    if (!refusal) {
      sent += 1;
      await write((trx) => deleteAlert(trx, alert.id));
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
