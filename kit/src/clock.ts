/** The source of time. Tests and simulations pass their own. */
export type Clock = {
  /** Wall-clock time: for timestamps, never for measuring durations. */
  now(): Date;
  /** Milliseconds that never run backwards: for durations. */
  monotonicMs(): number;
};

export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
};
