import { hasVisible, withoutHidden } from '@doorstep/kit/text/visible-text.ts';

/** The longest name that our Inventory takes, in code points. */
const charactersMax = 200;

/** Control characters and line separators, one run at a time. */
const breaks = /[\p{Cc}\p{Zl}\p{Zp}]+/gu;

/**
 * A name from elsewhere in the form that the Inventory accepts: one line of at most 200 characters. A number becomes its
 * digits. Undefined without a visible character: that is no name.
 */
export function fitName(given: unknown): string | undefined {
  const text = typeof given === 'number' && Number.isFinite(given) ? digitsOf(given) : given;
  if (typeof text !== 'string') return undefined;
  const line = withoutHidden(text.toWellFormed().replace(breaks, ' ')).trim();
  // the cut may leave a part of an emoji
  const name = withoutHidden(cut(line)).trim();
  return hasVisible(name) ? name : undefined;
}

function digitsOf(number: number): string {
  return Number.isInteger(number) ? BigInt(number).toString() : String(number);
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Cuts between graphemes, so that no letter loses its accent. A single grapheme that is longer is cut inside. */
function cut(line: string): string {
  if (line.length <= charactersMax) return line;
  const most = Array.from(line.slice(0, 2 * charactersMax + 1))
    .slice(0, charactersMax)
    .join('');
  if (most.length === line.length) return line;
  // the segment at the end of the cut tells whether a grapheme goes on behind it
  const last = graphemes.segment(line.slice(0, most.length + 2 * charactersMax)).containing(most.length);
  const end = last && last.index > 0 ? last.index : most.length;
  return line.slice(0, end).trim();
}
