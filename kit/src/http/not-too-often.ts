import { setTimeout } from 'node:timers/promises';

const everyMs = 250;

/**
 * Makes something at most four times a second for each `source`, however many ask. Nobody gets an old result: a caller
 * that asks too soon waits, together with all others, for the next one.
 */
export function notTooOften<S extends object, T>(make: (source: S) => Promise<T>): (source: S) => Promise<T> {
  const states = new WeakMap<S, { beganMs: number; next: Promise<T> | undefined; last: Promise<unknown> }>();
  return (source) => {
    const state = states.get(source) ?? {
      beganMs: Number.NEGATIVE_INFINITY,
      next: undefined,
      last: Promise.resolve(),
    };
    states.set(source, state);
    const begin = async () => {
      await state.last.catch(() => undefined);
      const waitMs = state.beganMs + everyMs - performance.now();
      if (waitMs > 0) await setTimeout(waitMs);
      // whoever asks from here on may have changed something that this result does not show
      state.last = state.next as Promise<T>;
      state.next = undefined;
      state.beganMs = performance.now();
      return make(source);
    };
    state.next ??= begin();
    return state.next;
  };
}
