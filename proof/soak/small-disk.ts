import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmdirSync, statfsSync } from 'node:fs';
import type { Random } from './random.ts';

/** A file system of its own for the ledger, which can be made as small as what is on it. */
export type SmallDisk = {
  fill(random: Random): void;
  free(): void;
  /** Takes it away, and leaves a copy of what was on it in its place where it is to be kept. */
  unmount(keep: boolean): void;
};

const sizeMax = '4g'; // it takes memory only for what is on it
const pageBytes = 4096;
const sparePagesMax = 8;
const fillTriesMax = 10;

/** Undefined where this user may mount none. */
export function mountSmallDisk(path: string): SmallDisk | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined;
  mkdirSync(path, { recursive: true });
  const run = (command: string, ...words: string[]) => execFileSync(command, words, { stdio: 'pipe' });
  const resize = (size: string | number) => run('mount', '-o', `remount,size=${size}`, path);
  try {
    run('mount', '-t', 'tmpfs', '-o', `size=${sizeMax}`, 'tmpfs', path);
  } catch {
    return undefined;
  }
  return {
    fill(random) {
      for (let tried = 1; ; tried += 1) {
        const { blocks, bfree, bsize } = statfsSync(path);
        try {
          return void resize((blocks - bfree) * bsize + random.whole(1, sparePagesMax) * pageBytes);
        } catch (error) {
          // the ledger has grown in between
          if (tried === fillTriesMax) throw error;
        }
      }
    },
    free: () => void resize(sizeMax),
    unmount(keep) {
      const copy = `${path}-kept`;
      // with their owners: what is kept is to be started again
      if (keep) run('cp', '--archive', path, copy);
      run('umount', '--lazy', path);
      if (!keep) return;
      rmdirSync(path);
      renameSync(copy, path);
    },
  };
}

/** Whether there is `prlimit` here. */
export function canForbidWrites(): boolean {
  try {
    execFileSync('prlimit', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A process that may write to no file, as on a disk that is full; what it writes to a pipe goes on. */
export function setWrites(pid: number, mode: 'forbidden' | 'allowed'): void {
  const limit = mode === 'forbidden' ? '0:unlimited' : 'unlimited:unlimited';
  try {
    execFileSync('prlimit', [`--fsize=${limit}`, '--pid', String(pid)], { stdio: 'ignore' });
  } catch {
    // it has been killed meanwhile
  }
}
