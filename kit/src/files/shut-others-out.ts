import { closeSync, constants, fchmodSync, fstatSync, lstatSync, openSync, readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { isOfOther, isShared } from './private-files.ts';

type Guarded = {
  folder: string;
  /** The names of the files in it that are for this user alone; a missing one is skipped. */
  files: Iterable<string>;
  /** Whether a name in the folder is one of Doorstep's. */
  isKnown: (name: string) => boolean;
};

const everyRight = 0o077;
const rightsOutsideGroup = 0o007;
const rightToWrite = 0o022;

/**
 * Takes away what rights other users of this machine have to a folder and its files, which earlier releases left open.
 * Returns what the operator must know, one sentence each: what was open, and what still is. Safe to repeat.
 */
export function shutOthersOut({ folder: given, files, isKnown }: Guarded): string[] {
  const folder = realFolder(given);
  if (process.platform === 'win32' || folder === undefined) return [];
  const unwanted = isShared(lstatSync(folder)) ? rightsOutsideGroup : everyRight;
  // a folder that holds other things may have another purpose, such as /tmp
  const paths = [...(holdsOnly(folder, isKnown) ? [folder] : []), ...[...files].map((name) => join(folder, name))];
  const found = paths.filter((path) => isOpen(path, unwanted));
  const { shut = [], open = [] } = Object.groupBy(found, (path) => (takeRights(path, unwanted) ? 'shut' : 'open'));
  return [...describe(shut, open), ...describeFolder(folder, unwanted)];
}

/** Undefined if there is none, or none that can be read: whoever opens it next says why. */
function realFolder(path: string): string | undefined {
  try {
    const real = realpathSync(path);
    return lstatSync(real).isDirectory() ? real : undefined;
  } catch {
    return undefined;
  }
}

function holdsOnly(folder: string, isKnown: Guarded['isKnown']): boolean {
  try {
    return readdirSync(folder).every(isKnown);
  } catch {
    return false;
  }
}

function isOpen(path: string, unwanted: number): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats !== undefined && !stats.isSymbolicLink() && (stats.mode & unwanted) !== 0;
}

/**
 * Whether the rights are gone now: some file systems keep no modes, and a file may belong to another user. Follows no
 * link that somebody has put in the place of the file meanwhile: it could lead to any file of this user.
 */
function takeRights(path: string, unwanted: number): boolean {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    fchmodSync(descriptor, fstatSync(descriptor).mode & 0o7777 & ~unwanted);
    return (fstatSync(descriptor).mode & unwanted) === 0;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function describe(shut: string[], open: string[]): string[] {
  const sentences = [];
  if (shut.length > 0) {
    sentences.push(`Other users of this machine had access to ${shut.join(', ')}; now they have none.`);
  }
  if (open.length > 0) {
    sentences.push(`Other users of this machine have access to ${open.join(', ')}, and Doorstep cannot change that.`);
  }
  return sentences;
}

/** Whoever may write to a folder may replace the files in it, whatever their modes. */
function describeFolder(folder: string, unwanted: number): string[] {
  const stats = lstatSync(folder);
  if (isOfOther(stats) && !isShared(stats)) {
    return [`${folder} belongs to another user of this machine (id ${stats.uid}), who can replace what is in it.`];
  }
  if ((stats.mode & unwanted & rightToWrite) === 0) return [];
  return [`Other users of this machine can replace what is in ${folder}; to prevent that: chmod go-w ${folder}`];
}
