import { closeSync, mkdirSync, openSync, type Stats } from 'node:fs';

/**
 * Names, emails, hashes of passwords and the key for tokens are for the user of this process alone. Windows has no such
 * modes: there, a folder passes its own rights on.
 */
export const privateMode = { folder: 0o700, file: 0o600 };

/** Makes the folder if it is missing. */
export function makePrivateFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: privateMode.folder });
}

/**
 * Makes an empty file if it is missing. SQLite itself would make one that everybody can read; the files that it puts
 * beside a database get the mode of the database.
 */
export function makePrivateFile(path: string): void {
  try {
    // never opens an existing file: to close it would release the locks that this process has on it
    closeSync(openSync(path, 'wx', privateMode.file));
  } catch {
    // it exists; or whoever opens it next says why that is not possible
  }
}

/** Whether it belongs to another user. Root may read everything, so root is none. */
export function isOfOther({ uid }: Stats): boolean {
  const self = process.getuid?.();
  return self !== undefined && self !== 0 && uid !== self && uid !== 0;
}

/** Whether a folder has the setgid bit: somebody shares it with its group on purpose. */
export function isShared({ mode }: Stats): boolean {
  return (mode & 0o2000) !== 0;
}
