import { Violation } from './oracle/violation.ts';

/** What is told of a run. */
export type Watch = {
  /** How often each kind of fault has struck. */
  faults: Record<string, number>;
  struck(kind: string): void;
  /** When something last happened that the daemon may need some time to get over. */
  disturbed(): void;
  disturbedMs(): number;
  /** `line` is made only where somebody reads it. */
  trace(line: () => string): void;
  /** A promise was broken, or the core met with a bug. The first one counts. */
  fail(error: unknown): void;
  violation(): string | undefined;
  /** Makes what is thrown a violation. */
  guarded<Args extends unknown[]>(run: (...args: Args) => void): (...args: Args) => void;
};

export function createWatch(nowMs: () => number, write: ((line: string) => void) | undefined): Watch {
  const faults: Record<string, number> = {};
  let violation: string | undefined;
  let disturbedMs = 0;
  const trace = (line: () => string) => write?.(`${(nowMs() / 1000).toFixed(3)} ${line()}`);
  const fail = (error: unknown) => {
    if (violation !== undefined) return;
    const isViolation = error instanceof Violation;
    violation = isViolation ? error.message : `the core met with a bug: ${(error as Error).stack ?? error}`;
  };
  return {
    faults,
    trace,
    fail,
    violation: () => violation,
    disturbedMs: () => disturbedMs,
    disturbed() {
      disturbedMs = nowMs();
    },
    struck(kind) {
      faults[kind] = (faults[kind] ?? 0) + 1;
      trace(() => `FAULT ${kind}`);
    },
    guarded:
      (run) =>
      (...args) => {
        try {
          run(...args);
        } catch (error) {
          fail(error);
        }
      },
  };
}
