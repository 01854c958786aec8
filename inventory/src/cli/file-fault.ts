import { AppError } from '@doorstep/kit/errors.ts';

/** Turns a file system error into an AppError; returns any other error unchanged. */
export function fileFault(error: unknown, verb: 'read' | 'written'): unknown {
  const { syscall, message } = error as NodeJS.ErrnoException;
  if (!syscall) return error;
  // `ENOENT: no such file or directory, open 'items.csv'`
  const [, what = message] = /^[A-Z]+: (.+?)(,|$)/.exec(message) ?? [];
  return new AppError('invalid', `The file cannot be ${verb}: ${what}.`);
}
