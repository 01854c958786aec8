import { singleFlight } from '@doorstep/kit/work/single-flight.ts';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { CustomerKey, DeliveryState } from './delivery.ts';
import type { Pause } from './pause.ts';
import type { Reconciliation } from './reconcile/reconciliation.ts';

export type LedgerSummary = {
  cursor: CustomerKey;
  deliveries: Record<DeliveryState, number>;
  oldestPendingSeconds: number | null;
  /** Entries of the CRM that no delivery could be made of. */
  quarantined: number;
  pause: Pause | null;
  reconciliation: Reconciliation | null;
};

export type MiddlewareMetrics = ReturnType<typeof createMiddlewareMetrics>;

const waitSeconds = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 36_000, 86_400];

/** `summary` is asked for whenever the metrics are read. */
export function createMiddlewareMetrics(registry: Registry, summary: () => Promise<LedgerSummary>) {
  createLedgerGauges(registry, summary);
  const registers = [registry];
  return {
    breakerOpen: new Gauge({ name: 'breaker_open', help: '1 while the breaker is not closed', registers }),
    reconciliations: new Counter({
      name: 'reconciliations_total',
      help: 'Comparisons of both sides: proven, exceptions or failed',
      labelNames: ['outcome'],
      registers,
    }),
    polls: new Counter({ name: 'polls_total', help: 'Polls of the CRM', labelNames: ['outcome'], registers }),
    customersSeen: new Counter({ name: 'customers_seen_total', help: 'Customers recorded in the ledger', registers }),
    outcomes: new Counter({
      name: 'deliveries_total',
      help: 'Ends of attempts: delivered, retrying, dead or held; pending if it was refused like every customer before',
      labelNames: ['outcome'],
      registers,
    }),
    attempts: new Counter({
      name: 'delivery_attempts_total',
      help: 'Attempts by the HTTP status of the answer, or none',
      labelNames: ['status'],
      registers,
    }),
    duration: new Histogram({ name: 'delivery_duration_seconds', help: 'Time an attempt took', registers }),
    customerToPackage: new Histogram({
      name: 'customer_to_package_seconds',
      help: "From the customer's created_at until its package stood",
      buckets: waitSeconds,
      registers,
    }),
  };
}

function createLedgerGauges(registry: Registry, summary: () => Promise<LedgerSummary>): void {
  const registers = [registry];
  /** One query for all gauges of a scrape. Without an answer the other metrics are served. */
  const currentSummary = singleFlight(() => summary().catch(() => undefined)).join;
  new Gauge({
    name: 'deliveries',
    help: 'Deliveries in the ledger by state',
    labelNames: ['state'],
    registers,
    async collect() {
      this.reset();
      const current = await currentSummary();
      for (const [state, count] of Object.entries<number>(current?.deliveries ?? {})) this.set({ state }, count);
    },
  });
  new Gauge({
    name: 'oldest_pending_seconds',
    help: 'How long the delivery that waits longest has waited',
    registers,
    async collect() {
      this.set((await currentSummary())?.oldestPendingSeconds ?? 0);
    },
  });
  new Gauge({
    name: 'quarantined',
    help: 'Entries of the CRM without a usable id',
    registers,
    async collect() {
      this.set((await currentSummary())?.quarantined ?? 0);
    },
  });
  new Gauge({
    name: 'reconciliation_exceptions',
    help: 'Exceptions that the last reconciliation left, by kind',
    labelNames: ['kind'],
    registers,
    async collect() {
      this.reset();
      const exceptions = (await currentSummary())?.reconciliation?.exceptions ?? {};
      for (const [kind, count] of Object.entries<number>(exceptions)) this.set({ kind }, count);
    },
  });
  new Gauge({
    name: 'reconciliation_timestamp_seconds',
    help: 'When the last reconciliation ended',
    registers,
    async collect() {
      const at = (await currentSummary())?.reconciliation?.at;
      if (at) this.set(Date.parse(at) / 1000);
    },
  });
}
