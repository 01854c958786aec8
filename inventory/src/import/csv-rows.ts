import { once } from 'node:events';
import { AppError } from '@doorstep/kit/errors.ts';
import { parse } from 'csv-parse';
import { lineMax } from './read-lines.ts';
import { openScratch } from './scratch.ts';

/** `line`: the line on which the row begins. */
export type Row = { line: number; cells: string[] };

/** The non-empty rows. A misplaced quote is part of the text. @throws AppError `invalid` if the rest cannot be read. */
export async function* readRows(texts: AsyncIterable<string>, delimiter: string): AsyncGenerator<Row> {
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

export type Spool = Disposable & { add(row: Row): void; rows(): Iterable<Row> };

/** Keeps rows until the whole file has been seen. */
export function createSpool(): Spool {
  const database = openScratch('create table rows (line integer primary key, cells text) strict');
  const insert = database.prepare('insert into rows values (?, ?)');
  const read = database.prepare('select line, cells from rows order by line');
  return {
    add: ({ line, cells }) => void insert.run(line, JSON.stringify(cells)),
    *rows() {
      for (const { line, cells } of read.iterate()) {
        yield { line: line as number, cells: JSON.parse(cells as string) };
      }
    },
    [Symbol.dispose]: () => database.close(),
  };
}
