import { AppError } from '@doorstep/kit/errors.ts';

/**
 * The text of a file, piece by piece, without the mark at its beginning that some programs put there.
 * @throws AppError `invalid` where it is not UTF-8: what is not understood must not get into names.
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

/** The beginning of a text, of as many pieces as are enough, and the whole of it all the same. */
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
