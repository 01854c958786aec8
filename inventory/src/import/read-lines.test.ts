import { describe, expect, it } from 'vitest';
import { lineMax, readLines } from './read-lines.ts';

async function* pieces(texts: string[]): AsyncGenerator<string> {
  yield* texts;
}

const read = (...texts: string[]) => Array.fromAsync(readLines(pieces(texts)));

describe('the lines of a text', () => {
  it('are numbered as in an editor, empty lines included', async () => {
    expect(await read('a\n\n \t\r\nb\r\nc')).toEqual([
      { number: 1, text: 'a' },
      { number: 4, text: 'b\r' },
      { number: 5, text: 'c' },
    ]);
  });

  it.each([
    ['nothing', [], []],
    ['one empty piece', [''], []],
    ['only white space', ['\n \r\n\n'], []],
    ['a last line without a line break', ['a'], ['a']],
    ['a last line with a line break', ['a\n'], ['a']],
  ])('are those of %s', async (_what, texts, lines) => {
    expect((await read(...texts)).map(({ text }) => text)).toEqual(lines);
  });

  it('are the same however the text is split', async () => {
    const text = 'one\r\n\ntwo\n three ';
    const whole = await read(text);

    for (let cut = 0; cut <= text.length; cut += 1) {
      expect(await read(text.slice(0, cut), text.slice(cut)), `cut at ${cut}`).toEqual(whole);
    }
    expect(await read(...text)).toEqual(whole);
  });

  it('are cut off if they are too long, and the following lines are still read', async () => {
    const piece = 'x'.repeat(lineMax);
    const [long, next] = await read(...Array<string>(50).fill(piece), '\nnext');

    expect(long?.number).toBe(1);
    expect(long?.text.length).toBeGreaterThan(lineMax);
    expect(long?.text.length).toBeLessThan(3 * lineMax);
    expect(next).toEqual({ number: 2, text: 'next' });
  });
});
