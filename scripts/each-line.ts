import type { Readable } from 'node:stream';

const lineFeed = 0x0a;

/**
 * Calls `take` with each line, without its line feed. Only a line feed ends a line: readline also splits at a carriage
 * return, U+2028 and U+2029, so a name that contains one would begin a line of its own. The bytes stay as they are, and a
 * character may arrive in two chunks.
 */
export function eachLine(stream: Readable, take: (line: Buffer) => void): void {
  let begun: Buffer[] = [];
  const end = () => {
    const line = Buffer.concat(begun);
    begun = [];
    take(line);
  };
  stream.on('data', (chunk: Buffer) => {
    let start = 0;
    for (let at = chunk.indexOf(lineFeed); at >= 0; at = chunk.indexOf(lineFeed, start)) {
      begun.push(chunk.subarray(start, at));
      end();
      start = at + 1;
    }
    if (start < chunk.length) begun.push(chunk.subarray(start));
  });
  stream.on('end', () => {
    if (begun.length > 0) end();
  });
}
