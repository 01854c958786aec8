import { DatabaseSync } from 'node:sqlite';
import { AppError } from '@doorstep/kit/errors.ts';
import { parse } from '@doorstep/kit/http/validate.ts';
import { alikeKey } from '@doorstep/kit/text/fold.ts';
import { type ItemChange, type ItemInput, importedItem } from '../item.ts';
import type { FileRecord } from './file-record.ts';

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
const cachePages = 4_000; // of 4 KiB each

/** Stages the valid lines on disk, as they may not fit into memory. SQLite deletes its temporary file itself. */
export function createStage(): Stage {
  const database = new DatabaseSync('');
  database.exec(`
    pragma journal_mode = off; pragma synchronous = off; pragma cache_size = ${cachePages};
    create table items (line integer primary key, sku_key text unique, staged text) strict;
    begin`);
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
      const { fields } = record;
      try {
        const item = parse(importedItem, fields);
        const given = Object.keys(fields).filter(isField);
        noteUnknown(fields, unknownFields);
        const key = alikeKey(item.sku);
        const { changes } = insert.run(line, key, JSON.stringify({ item, given }));
        if (changes === 1) return undefined;
        return { line, fault: `has the sku of line ${find.get(key)?.['line']}` };
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
