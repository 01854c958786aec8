/** In characters; no valid item is longer, even if each letter of its texts is escaped, as in `\ud83c\udf81`. */
export const lineMax = 200_000;

export type Line = { number: number; text: string };

/** The non-empty lines of a text. A line that exceeds `lineMax` is cut off after it. */
export async function* readLines(texts: AsyncIterable<string>): AsyncGenerator<Line> {
  let number = 0;
  let rest = '';
  for await (const text of texts) {
    const lines = (rest + text).split('\n');
    // keeps memory bounded when a line never ends
    rest = (lines.pop() ?? '').slice(0, lineMax + 1);
    for (const line of lines) {
      number += 1;
      if (line.trim() !== '') yield { number, text: line };
    }
  }
  if (rest.trim() !== '') yield { number: number + 1, text: rest };
}
