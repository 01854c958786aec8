import { describe, expect, it } from 'vitest';
import { lineMax, readLines } from './read-lines.ts';

async function* pieces(texts: string[]): AsyncGenerator<string> {
  yield* texts;
}

const read = (...texts: string[]) => Array.fromAsync(readLines(pieces(texts)));

describe('the lines of a text', () => {
  it('are numbered as an editor numbers them, those that are empty among them', async () => {
    expect(await read('a\n\n \t\r\nb\r\nc')).toEqual([
      { number: 1, text: 'a' },
      { number: 4, text: 'b\r' },
      { number: 5, text: 'c' },
    ]);
  });

  it.each([
    ['nothing', [], []],
    ['one empty piece', [''], []],
    ['white space alone', ['\n \r\n\n'], []],
    ['a last line that is not ended', ['a'], ['a']],
    ['a last line that is ended', ['a\n'], ['a']],
  ])('are those of %s', async (_what, texts, lines) => {
    expect((await read(...texts)).map(({ text }) => text)).toEqual(lines);
  });

  it('are the same wherever the text is cut', async () => {
    const text = 'one\r\n\ntwo\n three ';
    const whole = await read(text);

    for (let cut = 0; cut <= text.length; cut += 1) {
      expect(await read(text.slice(0, cut), text.slice(cut)), `cut at ${cut}`).toEqual(whole);
    }
    expect(await read(...text)).toEqual(whole);
  });

  it('are not kept beyond the longest that is read, and those that follow are', async () => {
    const piece = 'x'.repeat(lineMax);
    const [long, next] = await read(...Array<string>(50).fill(piece), '\nnext');

    expect(long?.number).toBe(1);
    expect(long?.text.length).toBeGreaterThan(lineMax);
    expect(long?.text.length).toBeLessThan(3 * lineMax);
    expect(next).toEqual({ number: 2, text: 'next' });
  });
});
