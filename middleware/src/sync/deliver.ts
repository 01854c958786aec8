import type { MiddlewareContext } from '../context.ts';
import { insertAttempts } from '../db/attempts.ts';
import { markDelivery } from '../db/deliveries.ts';
import type { ClaimedDelivery, Decision, Outcome } from '../delivery.ts';
import type { PackageTarget } from '../ports.ts';
import { formatDuration } from './format.ts';
import { decide } from './retry-policy.ts';

/** Makes one attempt at a claimed delivery and stores what came of it. Safe to repeat: the target knows the key. */
export async function deliver(context: MiddlewareContext, delivery: ClaimedDelivery): Promise<void> {
  const { clock, write, random, waitsMs } = context;
  const { customerId } = delivery;
  const startedAt = clock.now().toISOString();
  const startedMs = clock.monotonicMs();
  const outcome = await attempt(context.target, delivery);
  const durationMs = Math.round(clock.monotonicMs() - startedMs);
  const now = clock.now();
  const attempts = delivery.attempts + 1;
  const decision = decide({ attempts, outcome, now, waitsMs, random });
  await write(async (trx) => {
    await markDelivery(trx, { customerId, attempts, decision, now: now.toISOString() });
    await insertAttempts(trx, [
      {
        customer_id: customerId,
        started_at: startedAt,
        duration_ms: durationMs,
        status: outcome.status ?? null,
        error: outcome.kind === 'delivered' ? null : outcome.reason,
        next_attempt_at: decision.state === 'retrying' ? decision.dueAt : null,
      },
    ]);
  });
  observe(context, { delivery, outcome, decision, durationMs });
}

async function attempt(target: PackageTarget, delivery: ClaimedDelivery): Promise<Outcome> {
  if (delivery.inDoubt) {
    const found = await find(target, delivery.customerId);
    if (found) return found;
  }
  const { customerId, customerName } = delivery;
  const answer = await target.create({ customerId, customerName, idempotencyKey: `welcome-${customerId}` });
  if (answer.kind !== 'conflict') return answer;
  return (await find(target, customerId)) ?? answer.otherwise;
}

/** The package that the customer has; undefined where there is none, or where the target cannot tell. */
async function find(target: PackageTarget, customerId: number): Promise<Outcome | undefined> {
  const answer = await target.find(customerId);
  if (answer.kind === 'found') return { kind: 'delivered', packageId: answer.packageId, existed: true };
  if (answer.kind === 'retry') return answer;
  return undefined;
}

type Observation = { delivery: ClaimedDelivery; outcome: Outcome; decision: Decision; durationMs: number };

function observe({ logger, metrics, clock, waitsMs }: MiddlewareContext, observation: Observation): void {
  const { delivery, outcome, decision, durationMs } = observation;
  const { customerId, customerName, attempts } = delivery;
  const fields = { customerId, attempts: attempts + 1, status: outcome.status, durationMs };
  metrics.outcomes.inc({ outcome: decision.state });
  metrics.attempts.inc({ status: outcome.status ?? 'none' });
  metrics.duration.observe(durationMs / 1000);
  const who = `customer ${customerId} (${customerName})`;
  if (decision.state === 'delivered') {
    const { packageId } = decision;
    const how = outcome.kind === 'delivered' && outcome.existed ? 'was there already' : 'created';
    logger.info(`package ${packageId} for ${who} ${how} in ${durationMs} ms`, { ...fields, packageId });
    if (delivery.customerCreatedAt) {
      const waitedMs = clock.now().getTime() - Date.parse(delivery.customerCreatedAt);
      metrics.customerToPackage.observe(Math.max(0, waitedMs) / 1000);
    }
  } else if (decision.state === 'retrying') {
    const wait = `attempt ${attempts + 2} of ${waitsMs.length + 1} in ${formatDuration(decision.waitMs)}`;
    logger.warn(`no package for ${who} yet: ${decision.reason}; ${wait}`, fields);
  } else {
    logger.error(`no package for ${who}, dead: ${decision.reason}`, fields);
  }
}
