import 'zod-openapi'; // types of `.meta()`
import { firstHidden, hasVisible, withoutHidden } from '../text/visible-text.ts';
import { line } from './schemas.ts';

const needsVisible = 'must contain a visible character';

/** The name of a person or a thing. A hidden character is refused: with it, two names could look alike and differ. */
export function name({ max }: { max: number }) {
  return line({ max })
    .superRefine((text, issues) => {
      const found = firstHidden(text);
      if (found) issues.addIssue({ code: 'custom', message: `must not contain the invisible character ${found}` });
      else if (!hasVisible(text)) issues.addIssue({ code: 'custom', message: needsVisible });
    })
    .meta({
      description: 'One line with a visible character and without hidden ones; white space around it is removed',
    });
}

/** A short text that says what kind of thing something is. Hidden characters are removed. */
export function label({ max }: { max: number }) {
  return line({ max, tidy: withoutHidden })
    .refine(hasVisible, { error: needsVisible, abort: true })
    .meta({ description: 'One line with a visible character; hidden ones, and white space around it, are removed' });
}

/** A label that is compared as it is, such as a status: accents are encoded in one way. */
export function keyword({ max }: { max: number }) {
  return label({ max }).overwrite((text) => text.normalize('NFC'));
}
