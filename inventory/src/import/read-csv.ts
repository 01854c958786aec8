import { delimiterOf, headerOf } from './csv-header.ts';
import { createSpool, type Row, readRows } from './csv-rows.ts';
import type { FileRecord } from './file-record.ts';
import { createNotation, type Notation } from './notation.ts';
import { readCell } from './read-cell.ts';
import { peek } from './read-text.ts';

/**
 * Reads CSV (RFC 4180) with a header, as spreadsheets write it. Reads the file to its end first, because a later number
 * may show what `1.000` means. An empty cell means no value.
 * @throws AppError `invalid` if the header is wrong, or the rest of the file cannot be read.
 */
export async function* readCsv(texts: AsyncGenerator<string>): AsyncGenerator<FileRecord> {
  const { start, whole } = await peek(texts, (text) => /[\r\n]/.test(text.trimStart()));
  const { delimiter, isDeclared } = delimiterOf(start);
  using spool = createSpool();
  const notation = createNotation();
  let names: string[] | undefined;
  let isDeclaration = isDeclared;
  for await (const row of readRows(whole, delimiter)) {
    if (isDeclaration) isDeclaration = false;
    else if (!names) names = headerOf(row);
    else {
      for (const [index, name] of names.entries()) notation.note(name, row.cells[index] ?? '');
      spool.add(row);
    }
  }
  for (const row of spool.rows()) yield toRecord(names ?? [], row, { delimiter, notation });
}

type File = { delimiter: string; notation: Notation };

/** Spreadsheets write more or fewer empty cells than the header has. */
function toRecord(names: string[], { line, cells }: Row, { delimiter, notation }: File): FileRecord {
  if (cells.slice(names.length).some((cell) => cell.trim() !== '')) {
    const counts = `has ${cells.length} cells, but the header names ${names.length} fields`;
    return { line, fault: `${counts}; put quotes around a cell that contains ${JSON.stringify(delimiter)}` };
  }
  const readings = names.map((name, index) => [name, readCell(name, cells[index] ?? '', notation)] as const);
  const named = readings.filter(([name]) => name !== '');
  const fields = named.flatMap(([name, reading]) => ('value' in reading ? [[name, reading.value] as const] : []));
  const faults = named.flatMap(([name, reading]) => ('fault' in reading ? [[name, reading.fault] as const] : []));
  return {
    line,
    fields: Object.fromEntries(fields.filter(([, value]) => value !== undefined)),
    ...(faults.length > 0 && { faults: Object.fromEntries(faults) }),
  };
}
