import { AppError } from '@doorstep/kit/errors.ts';

/**
 * The text of a file, piece by piece, without a byte order mark. Without `encoding` it is UTF-8, or UTF-16 as spreadsheets
 * write it. A byte order mark overrides `encoding`.
 * @throws AppError `invalid` if it is in another encoding: garbled letters must not get into names.
 */
export async function* readText(chunks: AsyncIterable<Buffer>, encoding?: string): AsyncGenerator<string> {
  let decoder: TextDecoder | undefined;
  try {
    for await (const chunk of withLongStart(chunks)) {
      decoder ??= new TextDecoder(encodingOf(chunk, encoding), { fatal: true });
      const text = decoder.decode(chunk, { stream: true });
      if (text) yield text;
    }
    decoder?.decode();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_ENCODING_INVALID_ENCODED_DATA') throw error;
    const name = decoder?.encoding.toUpperCase();
    throw new AppError(
      'invalid',
      `The file is not ${name}; save it as UTF-8, in Excel as "CSV UTF-8", or name its encoding, such as --encoding windows-1252.`,
    );
  }
}

/** The same bytes; the first chunk is long enough to detect the encoding, and no longer, so that a pipe is read on time. */
async function* withLongStart(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let start: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (!start) {
      yield chunk;
      continue;
    }
    start = Buffer.concat([start, chunk]);
    if (start.length < (workbooks.some(([first]) => first === start?.[0]) ? 4 : 2)) continue;
    yield start;
    start = undefined;
  }
  if (start) yield start;
}

/** The first bytes of a ZIP archive (.xlsx, .ods, .numbers) and of an old .xls. */
const workbooks = [
  [0x50, 0x4b, 0x03, 0x04],
  [0xd0, 0xcf, 0x11, 0xe0],
];

/** @throws AppError `invalid` for a workbook. */
function encodingOf(start: Buffer, named: string | undefined): string {
  const begins = (...bytes: number[]) => bytes.every((byte, index) => start[index] === byte);
  if (workbooks.some((bytes) => begins(...bytes))) {
    throw new AppError('invalid', 'The file is a workbook; save it as CSV, in Excel as "CSV UTF-8".');
  }
  if (begins(0xef, 0xbb)) return 'utf-8';
  if (begins(0xff, 0xfe)) return 'utf-16le';
  if (begins(0xfe, 0xff)) return 'utf-16be';
  if (named !== undefined) return named;
  // the first character of a header or of JSON is ASCII
  if (start[1] === 0) return 'utf-16le';
  return start[0] === 0 ? 'utf-16be' : 'utf-8';
}

/** Whether `readText` knows the encoding. */
export function isEncoding(name: string): boolean {
  try {
    return Boolean(new TextDecoder(name, { fatal: true }));
  } catch {
    return false;
  }
}

/** Reads the start of a text until `isEnough`; `whole` still yields the text from its beginning. */
export async function peek(
  texts: AsyncGenerator<string>,
  isEnough: (start: string) => boolean,
): Promise<{ start: string; whole: AsyncGenerator<string> }> {
  let start = '';
  while (!isEnough(start) && start.length < startMax) {
    const { value, done } = await texts.next();
    if (done) break;
    start += value;
  }
  return { start, whole: prepend(start, texts) };
}

const startMax = 1_000_000;

async function* prepend(start: string, rest: AsyncGenerator<string>): AsyncGenerator<string> {
  yield start;
  yield* rest;
}
