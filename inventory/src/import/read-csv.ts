import { pipeline, Readable } from 'node:stream';
import { AppError } from '@doorstep/kit/errors.ts';
import { type CsvError, type Info, parse } from 'csv-parse';
import { z } from 'zod';
import { itemChange } from '../item.ts';
import { lineMax } from './read-lines.ts';
import type { FileRecord } from './read-records.ts';
import { peek } from './read-text.ts';

type Row = { record: string[]; info: Info };

/**
 * Reads CSV (RFC 4180), whose first line has the names of the fields; a program that uses commas for decimals writes
 * semicolons between fields, and some write tabs. A cell that is empty says that there is nothing.
 */
export async function* readCsv(texts: AsyncGenerator<string>): AsyncGenerator<FileRecord> {
  const { start, whole } = await peek(texts);
  const faults: FileRecord[] = [];
  const parser = parse({
    delimiter: delimiterOf(start),
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_empty_values: true,
    skip_records_with_error: true,
    max_record_size: lineMax,
    on_skip: (error) => {
      const fault = { line: Number(error?.['lines'] ?? 0), fault: faultOf(error) };
      // a line of which one quote is wrong is often wrong in another
      if (faults.at(-1)?.line !== fault.line) faults.push(fault);
      return undefined;
    },
  });
  // an error ends the iteration below
  pipeline(Readable.from(whole), parser, () => undefined);
  let names: string[] | undefined;
  let line = 1;
  for await (const { record, info } of parser as AsyncIterable<Row>) {
    yield* faults.splice(0);
    if (names) yield { line, ...toFields(names, record) };
    else names = headerOf(record);
    line = info.lines + 1;
  }
  yield* faults;
}

/** Whichever the first line has most of. */
function delimiterOf(start: string): string {
  const [header = ''] = start.trimStart().split('\n', 1);
  const count = (delimiter: string) => header.split(delimiter).length;
  return [',', ';', '\t'].reduce((best, other) => (count(other) > count(best) ? other : best));
}

/** @throws AppError `invalid` */
function headerOf(record: string[]): string[] {
  const names = record.map((name) => name.trim());
  const missing = ['sku', 'name', 'price'].filter((name) => !names.includes(name));
  if (missing.length > 0) {
    throw new AppError('invalid', `The first line must name the fields; it has no ${missing.join(' and no ')}.`);
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new AppError('invalid', `The first line names ${JSON.stringify(twice)} twice.`);
  return names;
}

function toFields(names: string[], record: string[]): { fields: Record<string, unknown> } | { fault: string } {
  if (record.length !== names.length) {
    return { fault: `has ${record.length} cells, and the first line names ${names.length} fields` };
  }
  const cells = names.map((name, index) => [name, fromCell(name, record[index] ?? '')] as const);
  return { fields: Object.fromEntries(cells.filter(([, value]) => value !== undefined)) };
}

const number = /^[-+]?\d+(\.\d+)?$/;

/** What a cell says where the field is no text; what does not say such a thing is left for who knows what the field takes. */
function fromCell(name: string, cell: string): unknown {
  const type = types[name];
  const text = cell.trim();
  if (text === '') return type?.isNullable ? null : undefined;
  if (type?.kind === 'number' && number.test(text)) return Number(text);
  if (type?.kind === 'boolean' && /^(true|false)$/i.test(text)) return text.toLowerCase() === 'true';
  return cell;
}

/** By what the schema takes. */
const types: Record<string, { kind: string; isNullable: boolean }> = Object.fromEntries(
  Object.entries(itemChange.shape).map(([name, schema]) => {
    const isNullable = schema.safeParse(null).success;
    const inner = schema.unwrap();
    const kind = (inner instanceof z.ZodNullable ? inner.unwrap() : inner).type;
    return [name, { kind, isNullable }];
  }),
);

function faultOf(error: CsvError | undefined): string {
  if (error?.code === 'CSV_QUOTE_NOT_CLOSED')
    return 'has a quote that is never closed, so that nothing after it can be read';
  if (/QUOTE/.test(error?.code ?? '')) return 'has a quote where none may be; write it twice, within quotes';
  return 'is not valid CSV';
}
