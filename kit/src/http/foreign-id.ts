import { z } from 'zod';
import 'zod-openapi'; // types of `.meta()`
import { idLengthMax, isVisibleId } from '../text/visible-id.ts';
import { visibleIdForm, visibleIdsForm } from './text-forms.ts';

/** An id from another system. A safe integer is a number; anything else, longer integers too, is text. */
export type ForeignId = number | string;

export const foreignIdSentence = `must be an integer, or a text of 1 to ${idLengthMax} visible characters`;
const idText = { type: 'string', minLength: 1, maxLength: idLengthMax, ...visibleIdForm };
const idForms = [{ type: 'integer' }, { ...idText, description: 'Visible characters, and spaces between them' }];

/** For the document. In a path or a query the id is text, but a client may have it as a number. */
export function foreignIdForm({ jsonSchema }: { jsonSchema: Record<string, unknown> }): void {
  delete jsonSchema['type'];
  jsonSchema['anyOf'] = idForms;
}

/** In a body. `7` and `"7"` are the same id. */
export const foreignId = z
  .union([z.number(), z.bigint(), z.string()], foreignIdSentence)
  .refine(isForeignId, foreignIdSentence)
  .transform((given) => toForeignId(String(given)))
  .meta({ override: foreignIdForm, example: 1 });

/** In an answer. */
export const shownForeignId = z.union([z.int(), z.string()]).meta({ example: 1 });

/** In a path. */
export const foreignIdParam = z
  .string()
  .refine(isVisibleId, foreignIdSentence)
  .transform(toForeignId)
  .meta({ override: foreignIdForm, example: '1' });

/** In a query. It has no example, because the docs page would prefill the filter with it. */
export const foreignIdFilter = z
  .string(foreignIdSentence)
  .refine(isVisibleId, foreignIdSentence)
  .transform(toForeignId)
  .optional()
  .meta({ override: foreignIdForm });

const idsMax = 500;
const idsSentence = `${foreignIdSentence}, or up to ${idsMax} of them separated by commas`;

/** One id or several in a query, for `toForeignIds`. It stays text, so that a link to the next page can repeat it. */
export const foreignIdsFilter = z
  .string(idsSentence)
  .refine((text) => toForeignIds(text).length > 0, idsSentence)
  .optional()
  .meta({
    description: `Ids separated by commas, up to ${idsMax}`,
    override: { type: 'string', ...visibleIdsForm },
    example: '1,2,3',
  });

/** Both forms of an id have the same text. */
export function toForeignId(text: string): ForeignId {
  const isWhole = /^(0|-?[1-9]\d*)$/.test(text) && Number.isSafeInteger(Number(text));
  return isWhole ? Number(text) : text;
}

/** A text with commas may be an id itself, so it is among the ids as a whole, too. */
export function toForeignIds(text: string): ForeignId[] {
  const parts = text.split(',').map((part) => part.trim());
  const ids = parts.length > idsMax ? [] : [text, ...parts].filter(isVisibleId);
  return [...new Set(ids.map(toForeignId))];
}

function isForeignId(given: number | bigint | string): boolean {
  if (typeof given === 'number') return Number.isSafeInteger(given);
  return isVisibleId(String(given));
}
