import { chownSync } from 'node:fs';
import { vi } from 'vitest';

/** Makes this process take itself for a user to whom the path does not belong, until it is disposed of. */
export function asAnotherUser(path: string): Disposable {
  const someId = 4_242;
  if (process.getuid?.() === 0) chownSync(path, someId, someId); // what belongs to root belongs to nobody else
  return vi.spyOn(process, 'getuid').mockReturnValue(someId + 1);
}
