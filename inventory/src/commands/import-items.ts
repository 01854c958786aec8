import { AppError } from '@doorstep/kit/errors.ts';
import type { InventoryContext } from '../context.ts';
import { type ItemRow, insertItems, readItemsBySku, toColumns } from '../db/items.ts';
import { type BadLine, givenOf, type Stage, type StagedItem } from '../import/stage.ts';
import { reasons } from '../movement.ts';
import { changeItems, type Plan, planChange } from '../stock/plan-change.ts';
import { type StockWrite, writeStock } from '../stock/write-stock.ts';

export type ImportOptions = {
  /** Skips the lines that conflict with stored items, instead of failing. */
  skipBad: boolean;
  /** Whether the file also sets the stock of existing items. */
  setStock: boolean;
  onProgress: (done: number) => void;
};

export type Imported = { added: number; changed: number; same: number; bad: BadLine[] };

/** Lines per round of statements. */
const chunkMax = 500;

/**
 * Adds the staged items and updates those whose sku exists, in one transaction: all or nothing. Safe to repeat: the
 * second import of a file changes nothing. A field that the file does not name stays as it is. So does the stock of an
 * existing item without `setStock`, because goods may have come and gone since the file was written.
 * @throws ImportRefused with the lines that conflict with stored items.
 */
export function importItems(context: InventoryContext, stage: Stage, options: ImportOptions): Promise<Imported> {
  return writeStock(context, async (write) => {
    const imported: Imported = { added: 0, changed: 0, same: 0, bad: [] };
    let done = 0;
    for (let after = 0; ; ) {
      const items = stage.read(after, chunkMax);
      const last = items.at(-1);
      if (!last) break;
      after = last.line;
      await importChunk(write, items, { ...options, imported });
      // back-orders are filled at the end: a later line may lower the stock again
      await write.stock.flush();
      done += items.length;
      options.onProgress(done);
    }
    if (imported.bad.length > 0 && !options.skipBad) throw new ImportRefused(imported.bad);
    return imported;
  });
}

export class ImportRefused extends Error {
  readonly bad: BadLine[];

  constructor(bad: BadLine[]) {
    super('the import was rolled back');
    this.bad = bad;
  }
}

type ChunkOptions = ImportOptions & { imported: Imported };

async function importChunk(write: StockWrite, staged: StagedItem[], options: ChunkOptions): Promise<void> {
  const { trx, stock } = write;
  const existing = await readItemsBySku(
    trx,
    staged.map(({ item }) => item.sku),
  );
  const fresh = staged.filter(({ item }) => !existing(item.sku));
  const added = await insertItems(
    trx,
    fresh.map(({ item }) => toColumns(item)),
    stock.time,
  );
  await stock.load(added);
  const quantities = new Map(fresh.map(({ item }) => [item.sku, item.quantity]));
  for (const { id, sku } of added)
    stock.change(id, { by: quantities.get(sku) || undefined }, { reason: reasons.imported });
  options.imported.added += added.length;
  const plans = staged.flatMap((one) => planOver(existing(one.item.sku), one, options) ?? []);
  await changeItems(write, plans, reasons.imported);
}

/** Plans the update of the item that has the sku of the line, if it exists. It keeps its own spelling of the sku. */
function planOver(
  row: ItemRow | undefined,
  staged: StagedItem,
  { setStock, imported }: ChunkOptions,
): Plan | undefined {
  if (!row) return undefined;
  const { quantity, sku: _, ...rest } = givenOf(staged);
  try {
    const plan = planChange(row, setStock && quantity !== undefined ? { ...rest, quantity } : rest);
    imported[plan ? 'changed' : 'same'] += 1;
    return plan;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    imported.bad.push({ line: staged.line, fault: error.message });
    return undefined;
  }
}
