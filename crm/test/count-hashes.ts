import { createHook } from 'node:async_hooks';

/** Counts the passwords that are hashed in this process from now on, until it is disposed of. */
export function countHashes() {
  let begun = 0;
  let underWay = 0;
  let most = 0;
  const next: (() => void)[] = [];
  const hashes = new Set<number>();
  const hook = createHook({
    init(id, type) {
      if (type !== 'ARGON2REQUEST') return;
      hashes.add(id);
      begun += 1;
      underWay += 1;
      most = Math.max(most, underWay);
      for (const tell of next.splice(0)) tell();
    },
    before(id) {
      if (hashes.delete(id)) underWay -= 1;
    },
  }).enable();
  return {
    begun: () => begun,
    /** The most that were under way at once. */
    most: () => most,
    /** Resolves when the next one begins. */
    next: () => new Promise<void>((resolve) => next.push(resolve)),
    [Symbol.dispose]: () => void hook.disable(),
  };
}
