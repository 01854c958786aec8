// Own code, because p-debounce 5.1 never answers a call that arrives in the microtask in which a run ends.

export type SingleFlight<T> = {
  /** Joins the run under way, or starts one. */
  join(): Promise<T>;
  /** Returns a run that begins after this call. Waiting calls share it. */
  again(): Promise<T>;
  /** Resolves when no run is under way or requested. */
  idle(): Promise<void>;
};

export function singleFlight<T>(run: () => Promise<T>): SingleFlight<T> {
  let current: Promise<T> | undefined;
  let next: Promise<T> | undefined;

  function join(): Promise<T> {
    current ??= run().finally(() => {
      current = undefined;
    });
    return current;
  }

  return {
    join,
    again() {
      if (!current) return join();
      next ??= settled(current).then(() => {
        next = undefined;
        return join();
      });
      return next;
    },
    async idle() {
      while (current) await settled(next ?? current);
    },
  };
}

function settled(run: Promise<unknown>): Promise<void> {
  return run.then(
    () => undefined,
    () => undefined,
  );
}
