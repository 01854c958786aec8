import type { MiddlewareContext } from '../context.ts';
import { findNamed, type NamedList } from '../intake/find-named.ts';
import type { NoPage } from '../ports.ts';
import { type OutOfReach, outOfReach, type Reading, readingAgeMaxMs } from './reading.ts';
import type { ReadingPause } from './reading-pause.ts';

/** Reads customers whose ids are text again, and keeps the last list for a minute. */
export function createNamedReader(context: Pick<MiddlewareContext, 'source' | 'clock'>, pause: ReadingPause) {
  const { source, clock } = context;
  let last: (NamedList & { at: string; readMs: number }) | undefined;

  function known(key: string, sinceMs: number): Reading | undefined {
    const oldestMs = Math.max(sinceMs, clock.monotonicMs() - readingAgeMaxMs);
    if (!last || last.readMs < oldestMs) return undefined;
    const customer = last.customers.get(key);
    return customer || last.isWhole ? { kind: 'reading', customer, at: last.at } : undefined;
  }

  return {
    known,
    async ask(key: string, sinceMs: number): Promise<Reading | NoPage | OutOfReach> {
      const readMs = clock.monotonicMs();
      const at = clock.now().toISOString();
      const list = await pause.unlessOn(() => findNamed(source, key));
      if (list.kind !== 'list') return list;
      last = { ...list, at, readMs };
      return known(key, sinceMs) ?? outOfReach;
    },
    forget() {
      last = undefined;
    },
  };
}
