import { Counter, Gauge, type Registry } from 'prom-client';

/** What is counted whenever the metrics are read. */
export type Counts = {
  backordered(): Promise<number>;
  low(): Promise<number>;
  waitingAlerts(): Promise<number>;
};

export type StockMetrics = ReturnType<typeof createStockMetrics>;

/** Without the database the others are served all the same. */
export function createStockMetrics(registry: Registry, counts: Counts) {
  const registers = [registry];
  const gauge = (name: string, help: string, count: () => Promise<number>) =>
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        const current = await count().catch(() => undefined);
        if (current !== undefined) this.set(current);
      },
    });
  gauge('packages_backordered', 'Packages that wait for something that is short', counts.backordered);
  gauge('low_stock_items', 'Items of which there is no more than their minimum', counts.low);
  gauge('low_stock_webhooks_waiting', 'Alerts that have not got to the webhook yet', counts.waitingAlerts);
  const webhooks = new Counter({
    name: 'low_stock_webhooks_total',
    help: 'Tries to tell the webhook of a fall',
    labelNames: ['outcome'] as const,
    registers,
  });
  // a rate over them is to begin with nothing, and not with a gap
  for (const outcome of ['sent', 'failed']) webhooks.inc({ outcome }, 0);
  return {
    alerts: new Counter({
      name: 'low_stock_alerts_total',
      help: 'Falls of an item to its minimum',
      registers,
    }),
    webhooks,
  };
}
