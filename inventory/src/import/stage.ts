import { DatabaseSync } from 'node:sqlite';
import { AppError } from '@doorstep/kit/errors.ts';
import { parse } from '@doorstep/kit/http/validate.ts';
import { type ItemChange, type ItemInput, importedItem } from '../item.ts';
import type { FileRecord } from './file-record.ts';

export type BadLine = { line: number; fault: string };

/** A good line. `given`: the fields that it has, the others of `item` being what an item has without them. */
export type StagedItem = { line: number; item: ItemInput; given: (keyof ItemInput)[] };

export type Stage = Disposable & {
  /** Keeps what is good; gives what is wrong with what is not. */
  add(record: FileRecord): BadLine | undefined;
  /** Fields that are no field of an item. */
  unknownFields: Set<string>;
  count(): number;
  /** The good lines after one, in their order. */
  read(after: number, limit: number): StagedItem[];
};

const unknownFieldsMax = 20;
const cachePages = 4_000; // of 4 KiB each

/** The good lines of a file, checked, in a temporary file that SQLite deletes by itself: they may not fit into memory. */
export function createStage(): Stage {
  const database = new DatabaseSync('');
  database.exec(`
    pragma journal_mode = off; pragma synchronous = off; pragma cache_size = ${cachePages};
    create table items (line integer primary key, sku text unique, staged text) strict;
    begin`);
  const insert = database.prepare('insert into items values (?, ?, ?) on conflict (sku) do nothing');
  const find = database.prepare('select line from items where sku = ?');
  const count = database.prepare('select count(*) as count from items');
  const read = database.prepare('select line, staged from items where line > ? order by line limit ?');
  const unknownFields = new Set<string>();
  return {
    unknownFields,
    add(record) {
      const { line } = record;
      if ('fault' in record) return record;
      const { fields } = record;
      try {
        const item = parse(importedItem, fields);
        const given = Object.keys(fields).filter(isField);
        noteUnknown(fields, unknownFields);
        const { changes } = insert.run(line, item.sku, JSON.stringify({ item, given }));
        if (changes === 1) return undefined;
        return { line, fault: `has the sku of line ${find.get(item.sku)?.['line']}` };
      } catch (error) {
        if (error instanceof AppError) return { line, fault: error.message };
        throw error;
      }
    },
    count: () => count.get()?.['count'] as number,
    read: (after, limit) =>
      read.all(after, limit).map(({ line, staged }) => ({ line: line as number, ...JSON.parse(staged as string) })),
    [Symbol.dispose]: () => database.close(),
  };
}

function isField(name: string): boolean {
  return Object.hasOwn(importedItem.shape, name);
}

/** What the Inventory gives to each item itself is known, and nothing to take over. */
const ownFields = ['id', 'created_at', 'updated_at'];

function noteUnknown(fields: Record<string, unknown>, unknownFields: Set<string>): void {
  for (const name of Object.keys(fields)) {
    const isKnown = isField(name) || ownFields.includes(name);
    if (!isKnown && unknownFields.size < unknownFieldsMax) unknownFields.add(name);
  }
}

/** Of a staged item what its line has. */
export function givenOf({ item, given }: StagedItem): ItemChange {
  return Object.fromEntries(given.map((name) => [name, item[name]]));
}
