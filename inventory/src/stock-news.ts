/** An item that has fallen to its minimum. */
export type LowStock = { item_id: number; sku: string; name: string; quantity: number; min_quantity: number };

/** A package that waits for what is short, or behind older ones that do. */
export type Backorder = {
  packageId: number;
  packageType: string;
  short: Shortage | undefined;
  /** None of its type has waited before it. */
  isFirst: boolean;
};

export type Shortage = { sku: string; name: string; wanted: number; there: number };

/** What has come of a change of the stock, for those who look after it. */
export type StockNews = {
  low: LowStock[];
  backordered: Backorder[];
  /** The packages that were backordered and are not any more. */
  filled: number[];
  /** There may be more that can be filled. */
  isUnfinished: boolean;
};
