import { Violation } from './oracle/violation.ts';

/** Collects the faults, the trace and the first violation of a run. */
export type Watch = {
  /** How often each kind of fault struck. */
  faults: Record<string, number>;
  struck(kind: string): void;
  /** Marks an event from which the daemon may need time to recover. */
  disturbed(): void;
  disturbedMs(): number;
  /** `line` is called only if the run is traced. */
  trace(line: () => string): void;
  /** Records a broken promise or a bug in the core. The first one counts. */
  fail(error: unknown): void;
  violation(): string | undefined;
  /** Records what `run` throws as a violation. */
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
    violation = isViolation ? error.message : `bug in the core: ${(error as Error).stack ?? error}`;
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
