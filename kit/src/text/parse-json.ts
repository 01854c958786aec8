/** JSON.parse is several times slower with a reviver, so only a text with a number this long gets one. */
const longNumber = /\d{16}/;

/**
 * As JSON.parse, but never rounds an integer: beyond 2^53, `toValue` is called with its digits; text by default. A
 * number with an exponent is a float, as is one with a fraction other than zero.
 * @throws SyntaxError
 */
export function parseJson(text: string, toValue: (digits: string) => unknown = String): unknown {
  if (!longNumber.test(text)) return JSON.parse(text);
  const keepDigits = (_key: string, value: unknown, { source }: Context) => {
    if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
    const digits = /^(-?\d+)(?:\.0+)?$/.exec(source)?.[1];
    return digits === undefined ? value : toValue(digits);
  };
  return JSON.parse(text, keepDigits as Reviver);
}

type Reviver = (key: string, value: unknown) => unknown;

/** `source`: a primitive value as the text has it. TypeScript does not know this third argument of a reviver yet. */
type Context = { source: string };

/** No body or answer needs more than a few levels; a million would hold up everyone, or overflow the stack of a reader. */
export const levelsMax = 64;

/** Whether a JSON text has more levels of arrays and objects than that. It reads the text once and keeps nothing. */
export function isTooDeep(text: string): boolean {
  let level = 0;
  let isInString = false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (isInString) {
      if (code === backslash) index += 1;
      else if (code === quote) isInString = false;
    } else if (code === quote) isInString = true;
    else if (code === openBracket || code === openBrace) {
      level += 1;
      if (level > levelsMax) return true;
    } else if (code === closeBracket || code === closeBrace) level -= 1;
  }
  return false;
}

const [quote, backslash, openBracket, closeBracket, openBrace, closeBrace] = [...'"\\[]{}'].map((char) =>
  char.charCodeAt(0),
);
