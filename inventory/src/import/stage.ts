import { AppError } from '@doorstep/kit/errors.ts';
import { parse } from '@doorstep/kit/http/validate.ts';
import { alikeKey } from '@doorstep/kit/text/fold.ts';
import { type ItemChange, type ItemInput, importedItem } from '../item.ts';
import type { FileRecord } from './file-record.ts';
import { openScratch } from './scratch.ts';

export type BadLine = { line: number; fault: string };

/** A valid line. `given`: the fields that the line has; the other fields of `item` are defaults. */
export type StagedItem = { line: number; item: ItemInput; given: (keyof ItemInput)[] };

export type Stage = Disposable & {
  /** Stores a valid line; returns the fault of an invalid one. */
  add(record: FileRecord): BadLine | undefined;
  unknownFields: Set<string>;
  count(): number;
  /** The valid lines after line `after`, in order. */
  read(after: number, limit: number): StagedItem[];
};

const unknownFieldsMax = 20;

/** Stages the valid lines on disk, as they may not fit into memory. */
export function createStage(): Stage {
  const database = openScratch(
    'create table items (line integer primary key, sku_key text unique, staged text) strict',
  );
  const insert = database.prepare('insert into items values (?, ?, ?) on conflict (sku_key) do nothing');
  const find = database.prepare('select line from items where sku_key = ?');
  const count = database.prepare('select count(*) as count from items');
  const read = database.prepare('select line, staged from items where line > ? order by line limit ?');
  const unknownFields = new Set<string>();
  return {
    unknownFields,
    add(record) {
      const { line } = record;
      if ('fault' in record) return record;
      const { fields, faults } = record;
      try {
        const item = parse(importedItem, fields);
        if (faults) return { line, fault: describe(faults) };
        const given = Object.keys(fields).filter(isField);
        noteUnknown(fields, unknownFields);
        const key = alikeKey(item.sku);
        const { changes } = insert.run(line, key, JSON.stringify({ item, given }));
        if (changes === 1) return undefined;
        return { line, fault: `has the sku of line ${find.get(key)?.['line']}` };
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        return { line, fault: faults ? describe(faults, error) : error.message };
      }
    },
    count: () => count.get()?.['count'] as number,
    read: (after, limit) =>
      read.all(after, limit).map(({ line, staged }) => ({ line: line as number, ...JSON.parse(staged as string) })),
    [Symbol.dispose]: () => database.close(),
  };
}

/** The fields that cannot be read, and after them the others that are invalid. */
function describe(faults: Record<string, string>, error?: AppError): string {
  const others = (error?.extras.errors ?? []).filter(({ field }) => !Object.hasOwn(faults, field));
  return [...Object.values(faults), ...others.map(({ field, message }) => `${field} ${message}`)].join('; ');
}

function isField(name: string): boolean {
  return Object.hasOwn(importedItem.shape, name);
}

/** Fields that the Inventory sets itself: known, but not imported. */
const ownFields = ['id', 'created_at', 'updated_at'];

function noteUnknown(fields: Record<string, unknown>, unknownFields: Set<string>): void {
  for (const name of Object.keys(fields)) {
    const isKnown = isField(name) || ownFields.includes(name);
    if (!isKnown && unknownFields.size < unknownFieldsMax) unknownFields.add(name);
  }
}

/** The fields of a staged item that its line has. */
export function givenOf({ item, given }: StagedItem): ItemChange {
  return Object.fromEntries(given.map((name) => [name, item[name]]));
}
