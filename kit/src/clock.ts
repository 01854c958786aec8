/** Where time comes from. Tests and simulations hand in another. */
export type Clock = {
  /** Wall-clock time: for what is stored and shown, never for measuring. */
  now(): Date;
  /** Milliseconds that never run backwards: for durations. */
  monotonicMs(): number;
};

export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
};
