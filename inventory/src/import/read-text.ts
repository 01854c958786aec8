import { AppError } from '@doorstep/kit/errors.ts';

/**
 * The text of a file, piece by piece, without a byte order mark.
 * @throws AppError `invalid` if it is not UTF-8: garbled letters must not get into names.
 */
export async function* readText(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    for await (const chunk of chunks) {
      const text = decoder.decode(chunk, { stream: true });
      if (text) yield text;
    }
    decoder.decode();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_ENCODING_INVALID_ENCODED_DATA') throw error;
    throw new AppError('invalid', 'The file is not UTF-8; save it as UTF-8, in Excel as "CSV UTF-8".');
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
