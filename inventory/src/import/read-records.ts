import { AppError } from '@doorstep/kit/errors.ts';
import { parseJson } from '@doorstep/kit/text/parse-json.ts';
import type { FileRecord } from './file-record.ts';
import { readCsv } from './read-csv.ts';
import { lineMax, readLines } from './read-lines.ts';
import { peek, readText } from './read-text.ts';

/**
 * Detects whether a file is JSON lines or CSV with a header, and reads it in bounded memory.
 * @throws AppError `invalid` if it is neither.
 */
export async function* readRecords(chunks: AsyncIterable<Buffer>, encoding?: string): AsyncGenerator<FileRecord> {
  const { start, whole } = await peek(readText(chunks, encoding), (text) => text.trim() !== '');
  const first = start.trimStart()[0];
  if (first === undefined) return;
  if (first === '[') throw new AppError('invalid', 'The file is one JSON array; write one object per line instead.');
  yield* first === '{' ? readJsonLines(whole) : readCsv(whole);
}

async function* readJsonLines(texts: AsyncIterable<string>): AsyncGenerator<FileRecord> {
  for await (const { number, text } of readLines(texts)) yield { line: number, ...parseLine(text) };
}

function parseLine(text: string): { fields: Record<string, unknown> } | { fault: string } {
  if (text.length > lineMax) return { fault: `is longer than ${lineMax} characters` };
  try {
    const value = parseJson(text, BigInt);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { fields: { ...value } };
    return { fault: 'is not a JSON object' };
  } catch {
    return { fault: 'is not valid JSON' };
  }
}
