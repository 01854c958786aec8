import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';

const pageBytes = 4096;
const seconds = 1;

export type Machine = { cpu: string; cores: number; memoryGb: number; node: string; syncsPerSecond: number };

/** The machine behind the numbers. A disk that only pretends to sync makes every durable write look cheap. */
export function describeMachine(folder: string): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 1024 ** 3),
    node: process.version,
    syncsPerSecond: countSyncs(folder),
  };
}

/** Pages written and synced one after another, per second. */
function countSyncs(folder: string): number {
  const file = openSync(join(folder, 'synced'), 'w');
  const page = Buffer.alloc(pageBytes);
  const startedAt = performance.now();
  let count = 0;
  while (performance.now() - startedAt < seconds * 1000) {
    writeSync(file, page);
    fdatasyncSync(file);
    count += 1;
  }
  closeSync(file);
  return Math.round(count / seconds);
}
