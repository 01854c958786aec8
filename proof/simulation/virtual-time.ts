import { createRequire, syncBuiltinESMExports } from 'node:module';

/** Who waits: the daemon's entries are dropped when it is killed. */
type Owner = 'daemon' | 'world';

type Entry = { atMs: number; owner: Owner; run: () => void; cancelled: boolean };

export type VirtualTime = {
  nowMs(): number;
  /** Runs a function after a delay; entries for the same moment run in the order of their creation. */
  after(ms: number, owner: Owner, run: () => void): Entry;
  wait(ms: number, owner: Owner): Promise<void>;
  /** Drops the entries of a dead daemon. */
  dropDaemon(): void;
  /** Whether the daemon waits only for its timers. */
  daemonSleeps(): boolean;
  /** Runs the entries in the order of their time until `done` returns true or none is left. */
  run(done: () => boolean): Promise<void>;
};

type Hooks = {
  /** Called before each entry of the daemon. Returns true if the daemon was killed instead. */
  beforeDaemon(): boolean;
};

const nextTurn = setImmediate;
const timersOfCore = new WeakSet<Entry>();

export function createVirtualTime({ beforeDaemon }: Hooks): VirtualTime {
  let nowMs = 0;
  /** Sorted in reverse: the next entry is the last one. */
  let queue: Entry[] = [];

  function after(ms: number, owner: Owner, run: () => void): Entry {
    const entry = { atMs: nowMs + Math.max(ms, 0), owner, run, cancelled: false };
    let [low, high] = [0, queue.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((queue[middle] as Entry).atMs > entry.atMs) low = middle + 1;
      else high = middle;
    }
    queue.splice(low, 0, entry);
    return entry;
  }

  return {
    nowMs: () => nowMs,
    after,
    wait: (ms, owner) => new Promise((resolve) => after(ms, owner, resolve)),
    dropDaemon() {
      queue = queue.filter(({ owner }) => owner === 'world');
    },
    daemonSleeps: () =>
      queue.every(
        (entry) => entry.owner === 'world' || entry.cancelled || (timersOfCore.has(entry) && entry.atMs > nowMs),
      ),
    async run(done) {
      await new Promise((resolve) => nextTurn(resolve));
      while (!done()) {
        const entry = queue.pop();
        if (!entry) return;
        if (entry.cancelled) continue;
        nowMs = entry.atMs;
        if (entry.owner === 'daemon' && beforeDaemon()) continue;
        entry.run();
        // by the next turn of the event loop, everything that follows without waiting has run
        await new Promise((resolve) => nextTurn(resolve));
      }
    },
  };
}

let current: VirtualTime | undefined;

/** The timers of the core use this time from now on. */
export function useVirtualTime(time: VirtualTime): void {
  current = time;
}

/**
 * Replaces Node's timers in the whole thread, for good. Call before the core is loaded, because the unchanged core
 * takes the timers of its platform when it is imported.
 */
export function replaceTimers(): void {
  const start = (ms: number, run: () => void) => {
    const entry = (current as VirtualTime).after(Math.max(ms, 1), 'daemon', run);
    timersOfCore.add(entry);
    return entry;
  };
  const repeat = (handle: { entry?: Entry }, ms: number, run: () => void) => {
    handle.entry = start(ms, () => {
      repeat(handle, ms, run);
      run();
    });
    return handle;
  };
  const stop = (handle: Entry | { entry: Entry } | undefined) => {
    if (handle) ('entry' in handle ? handle.entry : handle).cancelled = true;
  };
  Object.assign(globalThis, {
    setTimeout: (run: () => void, ms = 1) => start(ms, run),
    clearTimeout: stop,
    setInterval: (run: () => void, ms = 1) => repeat({}, ms, run),
    clearInterval: stop,
    setImmediate: (run: () => void) => (current as VirtualTime).after(0, 'daemon', run),
  });
  performance.now = () => (current as VirtualTime).nowMs();
  const promises = createRequire(import.meta.url)('node:timers/promises');
  promises.setTimeout = (ms: number) => new Promise<void>((resolve) => void start(ms, resolve));
  promises.setImmediate = () => (current as VirtualTime).wait(0, 'daemon');
  syncBuiltinESMExports();
}
