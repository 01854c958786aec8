import { createWriteStream } from 'node:fs';

/** Counts what is done to the services, and writes it to a file line by line. */
export type Journal = {
  /** An injected fault. */
  fault(kind: string, detail?: string): void;
  killed(process: string): void;
  /** An operator's command that the middleware has answered. */
  operation(kind: string): void;
  /** A broken promise. */
  violation(what: string): void;
  note(line: string): void;
  faults: Map<string, number>;
  kills: Map<string, number>;
  operations: Map<string, number>;
  violations: string[];
  close(): Promise<void>;
};

/** A bug that shows everywhere must not fill the memory. */
const violationsMax = 1000;

/** `onViolation` is called with each violation as it is found. */
export function createJournal(path: string, onViolation: (violation: string) => void): Journal {
  const file = createWriteStream(path);
  const startMs = performance.now();
  const faults = new Map<string, number>();
  const kills = new Map<string, number>();
  const operations = new Map<string, number>();
  const violations: string[] = [];
  const count = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);
  const note = (line: string) => {
    const seconds = ((performance.now() - startMs) / 1000).toFixed(3).padStart(9);
    file.write(`${new Date().toISOString()} ${seconds} ${line}\n`);
  };
  return {
    faults,
    kills,
    operations,
    violations,
    note,
    fault(kind, detail = '') {
      count(faults, kind);
      note(`${kind} ${detail}`.trimEnd());
    },
    killed(process) {
      count(kills, process);
      note(`kill -9 ${process}`);
    },
    operation: (kind) => count(operations, kind),
    violation(what) {
      note(`VIOLATION ${what}`);
      if (violations.length >= violationsMax) return;
      violations.push(what);
      onViolation(what);
    },
    close: () => new Promise((resolve) => file.end(resolve)),
  };
}
