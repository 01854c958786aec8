import { once } from 'node:events';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { eachLine } from '../../scripts/each-line.ts';

async function linesOf(chunks: Buffer[]): Promise<string[]> {
  const stream = Readable.from(chunks, { objectMode: true });
  const lines: string[] = [];
  eachLine(stream, (line) => lines.push(String(line)));
  await once(stream, 'end');
  return lines;
}

it('only a line feed ends a line', async () => {
  const line = 'Eve\r\u0085\u2028[crm] Admin made\u2029\v\f';

  expect(await linesOf([Buffer.from(`${line}\n\nlast`)])).toEqual([line, '', 'last']);
});

it('lines are the same however they arrive: one byte a chunk, or megabytes in one line', async () => {
  const long = 'Zoë 李雷 🎁 '.repeat(100_000);
  const bytes = Buffer.from(`${long}\n🎁\n`);

  expect(await linesOf([bytes.subarray(0, 1_000_001), bytes.subarray(1_000_001)])).toEqual([long, '🎁']);
  const unit = fc.constantFrom('a', 'ë', '李', '🎁', '\r', '\u0085', '\u2028');
  await fc.assert(
    fc.asyncProperty(fc.array(fc.string({ unit, maxLength: 20 })), async (lines) => {
      const sent = Buffer.from(lines.map((line) => `${line}\n`).join(''));
      expect(await linesOf([...sent].map((byte) => Buffer.of(byte)))).toEqual(lines);
    }),
    { numRuns: 20 },
  );
});
