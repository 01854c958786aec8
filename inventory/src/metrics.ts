import { Counter, Gauge, type Registry } from 'prom-client';

/** Counted in the database at each scrape. */
export type Counts = {
  backordered(): Promise<number>;
  low(): Promise<number>;
  waitingAlerts(): Promise<number>;
};

export type StockMetrics = ReturnType<typeof createStockMetrics>;

/** A gauge that cannot be counted keeps its last value, so that metrics are served without the database too. */
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
  gauge('packages_backordered', 'Packages that wait for stock', counts.backordered);
  gauge('low_stock_items', 'Active items whose stock is at or below their minimum', counts.low);
  gauge('low_stock_webhooks_waiting', 'Low-stock alerts that the webhook has not accepted yet', counts.waitingAlerts);
  const webhooks = new Counter({
    name: 'low_stock_webhooks_total',
    help: 'Attempts to send a low-stock alert to the webhook',
    labelNames: ['outcome'] as const,
    registers,
  });
  // start at 0, so that a rate() includes the first increase
  for (const outcome of ['sent', 'failed']) webhooks.inc({ outcome }, 0);
  return {
    alerts: new Counter({
      name: 'low_stock_alerts_total',
      help: 'Low-stock alerts: falls of an item to or below its minimum',
      registers,
    }),
    webhooks,
  };
}
