import { z } from 'zod';
import 'zod-openapi'; // types of `.meta()`

/** An id from another system. A safe integer is a number; anything else, longer integers too, is text. */
export type ForeignId = number | string;

const lengthMax = 100;

/** Everything that shows nothing, other than a space, or changes the direction of what follows. */
const invisible = '\\p{Cc}\\p{Cf}\\p{Cs}\\p{Z}\\p{Default_Ignorable_Code_Point}\\u2800';
const pattern = `^[^${invisible}]+( +[^${invisible}]+)*$`;
const visible = new RegExp(pattern, 'u');

const sentence = `must be an integer, or a text of 1 to ${lengthMax} visible characters`;
const anyForm = {
  anyOf: [{ type: 'integer' as const }, { type: 'string' as const, minLength: 1, maxLength: lengthMax, pattern }],
};

/** In a body. `7` and `"7"` are the same id. */
export const foreignId = z
  .union([z.number(), z.bigint(), z.string()], sentence)
  .refine(isForeignId, sentence)
  .transform((given) => toForeignId(String(given)))
  .meta({ override: anyForm, example: 1 });

/** In an answer. */
export const shownForeignId = z.union([z.int(), z.string()]).meta({ example: 1 });

/** In a path. */
export const foreignIdParam = z
  .string()
  .refine(isVisible, sentence)
  .transform(toForeignId)
  .meta({ override: anyForm, example: '1' });

/** In a query. It has no example, because the docs page would prefill the filter with it. */
export const foreignIdFilter = z
  .string(sentence)
  .refine(isVisible, sentence)
  .transform(toForeignId)
  .optional()
  .meta({ override: anyForm });

const idsMax = 500;
const idsSentence = `${sentence}, or up to ${idsMax} of them separated by commas`;
/** The document leaves out ids with spaces, although they are taken. */
const listed = `[^,${invisible}]{1,${lengthMax}}`;
const idsPattern = `^${listed}(,${listed}){0,${idsMax - 1}}$`;

/** One id or several in a query, for `toForeignIds`. It stays text, so that a link to the next page can repeat it. */
export const foreignIdsFilter = z
  .string(idsSentence)
  .refine((text) => toForeignIds(text).length > 0, idsSentence)
  .optional()
  .meta({ override: { type: 'string', pattern: idsPattern }, example: '1,2,3' });

/** Both forms of an id have the same text. */
export function toForeignId(text: string): ForeignId {
  const isWhole = /^(0|-?[1-9]\d*)$/.test(text) && Number.isSafeInteger(Number(text));
  return isWhole ? Number(text) : text;
}

/** A text with commas may be an id itself, so it is among the ids as a whole, too. */
export function toForeignIds(text: string): ForeignId[] {
  const parts = text.split(',').map((part) => part.trim());
  const ids = parts.length > idsMax ? [] : [text, ...parts].filter(isVisible);
  return [...new Set(ids.map(toForeignId))];
}

function isForeignId(given: number | bigint | string): boolean {
  if (typeof given === 'number') return Number.isSafeInteger(given);
  return isVisible(String(given));
}

function isVisible(text: string): boolean {
  return visible.test(text) && [...text].length <= lengthMax;
}
