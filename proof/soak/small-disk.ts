import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmdirSync, statfsSync } from 'node:fs';
import type { Random } from './random.ts';

/** A file system of its own for the ledger, which can be shrunk until it is full. */
export type SmallDisk = {
  fill(random: Random): void;
  free(): void;
  /** Unmounts it; with `keep`, leaves a copy of its files in its place. */
  unmount(keep: boolean): void;
};

const sizeMax = '4g'; // a tmpfs takes memory only for its files
const pageBytes = 4096;
const sparePagesMax = 8;
const fillTriesMax = 10;

/** Returns undefined if this user may not mount file systems. */
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
          // the ledger has grown meanwhile
          if (tried === fillTriesMax) throw error;
        }
      }
    },
    free: () => void resize(sizeMax),
    unmount(keep) {
      const copy = `${path}-kept`;
      // with their owners, so that PostgreSQL can be started on the copy
      if (keep) run('cp', '--archive', path, copy);
      run('umount', '--lazy', path);
      if (!keep) return;
      rmdirSync(path);
      renameSync(copy, path);
    },
  };
}

export function canForbidWrites(): boolean {
  try {
    execFileSync('prlimit', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Forbids or allows a process to write to files. Forbidden writes fail as on a full disk; pipes still work. */
export function setWrites(pid: number, mode: 'forbidden' | 'allowed'): void {
  const limit = mode === 'forbidden' ? '0:unlimited' : 'unlimited:unlimited';
  try {
    execFileSync('prlimit', [`--fsize=${limit}`, '--pid', String(pid)], { stdio: 'ignore' });
  } catch {
    // the process has been killed meanwhile
  }
}
