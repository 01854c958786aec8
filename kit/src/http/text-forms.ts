// How the OpenAPI document describes texts. Its patterns are for any engine (JavaScript, RE2, Python, Java, .NET), so they
// have neither `\p{…}` nor `\u` nor lookarounds. They may allow more than the checks do; the descriptions say the rest.

const control = '\\x00-\\x1f\\x7f-\\x9f';
const visible = `[^\\s${control}]`;
const trimmedLine = `${visible}([^${control}]*${visible})?`;

export function lineForm({ min, max }: { min: number; max: number }) {
  const pattern = min > 0 ? `^\\s*${trimmedLine}\\s*$` : `^\\s*(${trimmedLine}\\s*)?$`;
  return { minLength: min, maxLength: max, pattern };
}

export const storableForm = { pattern: '^[^\\x00]*$' };

const atom = '[^\\x00-\\x20\\x22\\x28\\x29\\x2c\\x2e\\x3a-\\x3c\\x3e\\x40\\x5b-\\x5d\\x7f-\\xa0]+';
const labelEdge = '[^\\x00-\\x2f\\x3a-\\x40\\x5b-\\x60\\x7b-\\xa0]';
const labelInside = '[^\\x00-\\x2c\\x2e\\x2f\\x3a-\\x40\\x5b-\\x60\\x7b-\\xa0]';
const longLabel = `${labelEdge}${labelInside}{0,61}${labelEdge}`;

/** No format, because common validators do not know `idn-email`, and `email` refuses letters beyond ASCII. */
export const emailForm = {
  pattern: `^\\s*${atom}(\\.${atom})*@((${longLabel}|${labelEdge})\\.)+${longLabel}\\s*$`,
};

const idOf = (character: string) => `${character}+( +${character}+)*`;
const id = idOf('[^\\x00-\\x20\\x7f-\\xa0]');
const listedId = idOf('[^\\x00-\\x20,\\x7f-\\xa0]');

export const visibleIdForm = { pattern: `^${id}$` };

/** It leaves out lists with spaces before a comma, although they are taken. */
export const visibleIdsForm = { pattern: `^(${listedId})?(,( *${listedId})?)*$` };
