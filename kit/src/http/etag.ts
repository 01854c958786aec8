import { z } from 'zod';
import { AppError } from '../errors.ts';

// Express derives ETags from response bodies and ignores If-Match. These ETags are row versions.

export const etagHeaders = z.object({ ETag: z.string().meta({ example: '"1"' }) });

export const ifMatch = z
  .string()
  .optional()
  .meta({ description: 'The `ETag` of the version to change: 412 if it has changed since' });

export const ifNoneMatch = z
  .string()
  .optional()
  .meta({ description: 'The `ETag` of the version that the client has: 304 if it is still current' });

export function etagOf(version: number): string {
  return `"${version}"`;
}

/**
 * Returns a check of the current version against If-Match (RFC 9110, 13.1.1). The check throws AppError
 * `precondition_failed` if the header names another version.
 */
export function requireMatch(header: string | undefined): (version: number) => void {
  return (version) => {
    if (header === undefined || names(header, version)) return;
    throw new AppError('precondition_failed', `If-Match does not match the current version, ${etagOf(version)}`);
  };
}

/** Whether If-None-Match names this version (RFC 9110, 13.1.2). */
export function isKnown(header: string | undefined, version: number): boolean {
  return header !== undefined && names(header, version);
}

function names(header: string, version: number): boolean {
  return header.trim() === '*' || tagsIn(header).map(withoutTraces).includes(etagOf(version));
}

function tagsIn(header: string): string[] {
  const isList = /^\s*(W\/)?"[^"]*"(\s*,\s*(W\/)?"[^"]*")*\s*$/.test(header);
  return (isList && header.match(/(W\/)?"[^"]*"/g)) || [];
}

/**
 * The tag before a proxy compressed the answer: nginx makes it `W/"1"`, Apache and Caddy `"1-gzip"`, Jetty `"1--gzip"`.
 * RFC 9110 wants a strong comparison, because equal weak tags may be of different bytes; here, a tag is a version of a
 * row, whatever the bytes.
 */
function withoutTraces(tag: string): string {
  return tag.replace(/^W\//, '').replace(/(--?|[;:])(x-)?(gzip|br|zstd|deflate)"$/, '"');
}
