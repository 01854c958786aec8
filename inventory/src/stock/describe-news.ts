import type { Backorder, LowStock, StockNews } from '../stock-news.ts';

type Line = { level: 'debug' | 'info' | 'warn'; text: string };

export function describeNews({ backordered, filled, low }: Pick<StockNews, 'backordered' | 'filled' | 'low'>): Line[] {
  return [
    ...(backordered.length > 0 ? [describeBackorders(backordered)] : []),
    ...(filled.length > 0 ? [{ level: 'info' as const, text: describeFilled(filled) }] : []),
    ...low.map((item) => ({ level: 'warn' as const, text: describeLow(item) })),
  ];
}

/** A package that only waits behind older back-orders is logged at debug. */
function describeBackorders(backordered: Backorder[]): Line {
  const first = backordered.find(({ isFirst }) => isFirst) ?? (backordered[0] as Backorder);
  const { packageType, short } = first;
  const why = short
    ? `${short.wanted} of ${short.sku} (${short.name}${short.isActive ? '' : ', inactive'}) needed, ${short.there} in stock`
    : 'older back-orders wait';
  const ids = backordered.map(({ packageId }) => packageId);
  return { level: first.isFirst ? 'warn' : 'debug', text: `${packages(ids)} backordered; ${packageType}: ${why}` };
}

function describeFilled(filled: number[]): string {
  return `${packages(filled)} no longer backordered`;
}

function describeLow({ sku, name, quantity, min_quantity }: LowStock): string {
  return `low stock: ${quantity} of ${sku} (${name}) left, the minimum is ${min_quantity}`;
}

/** `package 7 is`, or `3 packages (7 to 9) are` */
function packages(ids: number[]): string {
  const [first, last] = [Math.min(...ids), Math.max(...ids)];
  return ids.length === 1 ? `package ${first} is` : `${ids.length} packages (${first} to ${last}) are`;
}
