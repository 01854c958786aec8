import { z } from 'zod';
import { AppError } from '../errors.ts';

// Express makes ETags of finished bodies and does not know If-Match; these are versions of rows.

/** The version of what was read, for who wants to change it. */
export const etagHeaders = z.object({ ETag: z.string().meta({ example: '"1"' }) });

export const ifMatch = z
  .string()
  .optional()
  .meta({ description: 'The `ETag` of what is to be changed: 412 where somebody else has changed it since' });

export const ifNoneMatch = z
  .string()
  .optional()
  .meta({ description: 'The `ETag` of what is known already: 304 where it is still that' });

export function etagOf(version: number): string {
  return `"${version}"`;
}

/**
 * Makes a check of a version against If-Match (RFC 9110, 13.1.1), for whoever reads what is to be changed.
 * The check throws AppError `precondition_failed` where the header names another version.
 */
export function requireMatch(header: string | undefined): (version: number) => void {
  return (version) => {
    if (header === undefined || header.trim() === '*') return;
    // the strong comparison: a weak tag matches nothing
    if (tagsIn(header).includes(etagOf(version))) return;
    throw new AppError(
      'precondition_failed',
      `If-Match names another version than the present one, ${etagOf(version)}`,
    );
  };
}

/** Whether If-None-Match names this version (RFC 9110, 13.1.2). */
export function isKnown(header: string | undefined, version: number): boolean {
  if (header === undefined) return false;
  return header.trim() === '*' || tagsIn(header).some((tag) => tag.replace(/^W\//, '') === etagOf(version));
}

function tagsIn(header: string): string[] {
  const isList = /^\s*(W\/)?"[^"]*"(\s*,\s*(W\/)?"[^"]*")*\s*$/.test(header);
  return (isList && header.match(/(W\/)?"[^"]*"/g)) || [];
}
