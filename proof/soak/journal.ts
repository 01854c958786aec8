import { createWriteStream } from 'node:fs';

/** What was done to the services and when: counted, and written to a file, line by line. */
export type Journal = {
  /** Something was done on purpose. */
  fault(kind: string, detail?: string): void;
  killed(process: string): void;
  /** Somebody who looks after the middleware has been answered. */
  operation(kind: string): void;
  /** Something has happened that may never happen. */
  violation(what: string): void;
  note(line: string): void;
  faults: Map<string, number>;
  kills: Map<string, number>;
  operations: Map<string, number>;
  violations: string[];
  close(): Promise<void>;
};

/** A fault that shows everywhere must not fill the memory. */
const violationsMax = 1000;

/** `tell` is told of each violation as it is found. */
export function createJournal(path: string, tell: (violation: string) => void): Journal {
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
      tell(what);
    },
    close: () => new Promise((resolve) => file.end(resolve)),
  };
}
