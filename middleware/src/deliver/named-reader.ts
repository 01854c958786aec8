import type { MiddlewareContext } from '../context.ts';
import { findNamed, type NamedList } from '../intake/find-named.ts';
import type { NoPage } from '../ports.ts';
import { type OutOfReach, outOfReach, type Reading, readingAgeMaxMs } from './reading.ts';
import type { ReadingPause } from './reading-pause.ts';

type Answer = Reading | OutOfReach;

/**
 * Reads customers whose ids are text again. Keeps the list for a minute, as far as it was read, and goes on from there
 * for a customer who is further on.
 */
export function createNamedReader(context: Pick<MiddlewareContext, 'source' | 'clock'>, pause: ReadingPause) {
  const { source, clock } = context;
  let last: (NamedList & { at: string; readMs: number }) | undefined;

  function kept(sinceMs: number) {
    const oldestMs = Math.max(sinceMs, clock.monotonicMs() - readingAgeMaxMs);
    return last && last.readMs >= oldestMs ? last : undefined;
  }

  function known(key: string, sinceMs: number): Answer | undefined {
    const list = kept(sinceMs);
    if (!list) return undefined;
    const { customers, extent, isCut, at } = list;
    const customer = customers.get(key);
    if (customer) return { kind: 'reading', customer, at };
    return extent === undefined || isCut ? undefined : withoutCustomer(extent, at);
  }

  async function find(key: string, sinceMs: number): Promise<NamedList | NoPage> {
    const begun = kept(sinceMs);
    if (begun?.next !== undefined) {
      const longer = await findNamed(source, key, begun);
      if (longer.kind === 'list' && longer.customers.has(key)) {
        last = { ...begun, ...longer };
        return longer;
      }
      // the customer after whom it went on may have been deleted
    }
    const readMs = clock.monotonicMs();
    const at = clock.now().toISOString();
    const list = await findNamed(source, key);
    last = list.kind === 'list' ? { ...list, at, readMs } : undefined;
    return list;
  }

  return {
    known,
    async ask(key: string, sinceMs: number): Promise<Answer | NoPage> {
      const list = await pause.unlessOn(() => find(key, sinceMs));
      if (list.kind !== 'list') return list;
      const at = last?.at ?? clock.now().toISOString();
      const customer = list.customers.get(key);
      return customer ? { kind: 'reading', customer, at } : withoutCustomer(list.extent, at);
    },
    forget() {
      last = undefined;
    },
  };
}

function withoutCustomer(extent: NamedList['extent'], at: string): Answer {
  return extent === 'part' ? outOfReach : { kind: 'reading', customer: undefined, at };
}
