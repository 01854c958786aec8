/**
 * What has to happen before the next post. `read`: what the ledger knows of the customer may be out of date. `look`: a
 * package may exist already.
 */
export type BeforePost = 'nothing' | 'read' | 'look' | 'read and look';

export const needsLook = (beforePost: BeforePost) => beforePost === 'look' || beforePost === 'read and look';
export const needsReading = (beforePost: BeforePost) => beforePost === 'read' || beforePost === 'read and look';

export function atLeastLook(beforePost: BeforePost): BeforePost {
  if (beforePost === 'nothing') return 'look';
  return beforePost === 'read' ? 'read and look' : beforePost;
}

export function withReading(beforePost: BeforePost): BeforePost {
  return needsLook(beforePost) ? 'read and look' : 'read';
}
