/** Longer than any item can be written. */
export const lineMax = 100_000;

export type Line = { number: number; text: string };

/** The lines of a text that are not empty. Of one that is too long there is its beginning. */
export async function* readLines(texts: AsyncIterable<string>): AsyncGenerator<Line> {
  let number = 0;
  let rest = '';
  for await (const text of texts) {
    const lines = (rest + text).split('\n');
    // the end of a line that is too long already is not kept
    rest = (lines.pop() ?? '').slice(0, lineMax + 1);
    for (const line of lines) {
      number += 1;
      if (line.trim() !== '') yield { number, text: line };
    }
  }
  if (rest.trim() !== '') yield { number: number + 1, text: rest };
}
