/** An item that has fallen to or below its minimum. */
export type LowStock = { item_id: number; sku: string; name: string; quantity: number; min_quantity: number };

/** A package that waits for stock, or behind older back-orders. */
export type Backorder = {
  packageId: number;
  packageType: string;
  short: Shortage | undefined;
  isFirst: boolean;
};

export type Shortage = { sku: string; name: string; isActive: boolean; wanted: number; there: number };

/** The effects of a stock change that the log and the alerts report. */
export type StockNews = {
  low: LowStock[];
  backordered: Backorder[];
  filled: number[];
  /** More back-orders may be fillable. */
  isUnfinished: boolean;
};
