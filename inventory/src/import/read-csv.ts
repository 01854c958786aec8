import { once } from 'node:events';
import { AppError } from '@doorstep/kit/errors.ts';
import { parse } from 'csv-parse';
import { z } from 'zod';
import { itemChange } from '../item.ts';
import type { FileRecord } from './file-record.ts';
import { lineMax } from './read-lines.ts';
import { peek } from './read-text.ts';

type Row = { line: number; cells: string[] };

/**
 * Reads CSV (RFC 4180) with a header. The delimiter is a comma, a tab, or the semicolon of spreadsheets with decimal
 * commas. An empty cell means no value; a misplaced quote is part of the text.
 * @throws AppError `invalid` if the header is wrong, or the rest of the file cannot be read.
 */
export async function* readCsv(texts: AsyncGenerator<string>): AsyncGenerator<FileRecord> {
  const { start, whole } = await peek(texts, (text) => /[\r\n]/.test(text.trimStart()));
  const delimiter = delimiterOf(start);
  let names: string[] | undefined;
  for await (const { line, cells } of readRows(whole, delimiter)) {
    if (names) yield { line, ...toFields(names, cells, delimiter) };
    else names = headerOf(cells);
  }
}

/** The non-empty rows, each with the line on which it begins. */
async function* readRows(texts: AsyncIterable<string>, delimiter: string): AsyncGenerator<Row> {
  const rows: Row[] = [];
  let line = 1;
  let fault: unknown;
  const parser = parse({
    delimiter,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    relax_quotes: true,
    max_record_size: lineMax,
    on_record: (cells: string[]) => {
      if (cells.some((cell) => cell.trim() !== '')) rows.push({ line, cells });
      line += 1 + cells.reduce((breaks, cell) => breaks + (cell.match(lineBreaks)?.length ?? 0), 0);
      return null;
    },
  });
  parser.on('error', (error) => {
    fault = faultOf(error, line);
  });
  const closed = once(parser.resume(), 'close').catch(() => undefined);
  for await (const text of texts) {
    await new Promise((resolve) => parser.write(text, resolve));
    yield* rows.splice(0);
    if (fault) throw fault;
  }
  parser.end();
  await closed;
  yield* rows;
  if (fault) throw fault;
}

const lineBreaks = /\r\n|\n|\r/g;

/** After these errors the parser does not know where the next record begins. */
function faultOf(error: Error & { code?: string }, line: number): Error {
  if (error.code !== 'CSV_QUOTE_NOT_CLOSED' && error.code !== 'CSV_MAX_RECORD_SIZE') return error;
  const what = `is longer than ${lineMax} characters, or has an unclosed quote`;
  return new AppError('invalid', `The row that begins on line ${line} ${what}; nothing after it can be read.`);
}

/** The delimiter that occurs most often in the first line. */
function delimiterOf(start: string): string {
  const [header = ''] = start.trimStart().split(/[\r\n]/, 1);
  const count = (delimiter: string) => header.split(delimiter).length;
  return [',', ';', '\t'].reduce((best, other) => (count(other) > count(best) ? other : best));
}

/** Columns without a name are ignored. @throws AppError `invalid` */
function headerOf(cells: string[]): string[] {
  const names = cells.map((cell) => fieldOf(cell.trim()));
  const missing = ['sku', 'name', 'price'].filter((name) => !names.includes(name));
  if (missing.length > 0) {
    throw new AppError(
      'invalid',
      `The first line must be a JSON object or a CSV header; it has no ${missing.join(' and no ')}.`,
    );
  }
  const twice = names.find((name, index) => name !== '' && names.indexOf(name) !== index);
  if (twice !== undefined) throw new AppError('invalid', `The first line names ${JSON.stringify(twice)} twice.`);
  return names;
}

/** Ignores case in the names of item fields; other names stay as they are. */
function fieldOf(name: string): string {
  const lowered = name.toLowerCase();
  return Object.hasOwn(types, lowered) ? lowered : name;
}

function toFields(names: string[], cells: string[], delimiter: string) {
  if (cells.length !== names.length) {
    return { fault: `has ${cells.length} cells, but the header names ${names.length} fields` };
  }
  const place = names.indexOf('customer_id');
  const ambiguous = place >= 0 && ambiguousId.test((cells[place] ?? '').trim());
  if (ambiguous) return { fault: `customer_id ${cells[place]} may be a number or a text; write 7 for the number 7` };
  const values = names.map((name, index) => [name, fromCell(name, cells[index] ?? '', delimiter)] as const);
  return { fields: Object.fromEntries(values.filter(([name, value]) => name !== '' && value !== undefined)) };
}

const number = /^[-+]?\d+(\.\d+)?(e[-+]?\d+)?$/i;
const numberWithComma = /^[-+]?\d+,\d+$/;

/** As a spreadsheet or a data frame writes an integer that it holds as a float. */
const ambiguousId = /^[-+]?\d+([.,]0+|[.,]\d+e\+\d+)$/i;

/** Converts a cell to the type of its field. Anything else stays text, so that the item schema rejects it. */
function fromCell(name: string, cell: string, delimiter: string): unknown {
  const type = Object.hasOwn(types, name) ? types[name] : undefined;
  const text = cell.trim();
  if (text === '') return type?.isNullable ? null : undefined;
  if (type?.kind === 'number' && number.test(text)) return Number(text);
  if (type?.kind === 'number' && delimiter !== ',' && numberWithComma.test(text)) return Number(text.replace(',', '.'));
  if (type?.kind === 'boolean' && /^(true|false)$/i.test(text)) return text.toLowerCase() === 'true';
  return name === 'customer_id' ? text : cell;
}

const types: Record<string, { kind: string; isNullable: boolean }> = Object.fromEntries(
  Object.entries(itemChange.shape).map(([name, schema]) => {
    const isNullable = schema.safeParse(null).success;
    const inner = schema.unwrap();
    const kind = (inner instanceof z.ZodNullable ? inner.unwrap() : inner).type;
    return [name, { kind, isNullable }];
  }),
);
