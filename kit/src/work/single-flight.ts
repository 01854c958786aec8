// Own code: p-debounce 5.1 loses a call that comes in the microtask in which a run ends. It is never answered.

export type SingleFlight<T> = {
  /** Shares the run under way, or starts one. */
  join(): Promise<T>;
  /** Gives a run that begins after this call. Calls that wait for it share it. */
  again(): Promise<T>;
  /** Resolves when no run is under way or asked for. */
  idle(): Promise<void>;
};

/** At most one run at a time. */
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
