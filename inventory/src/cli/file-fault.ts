import { AppError } from '@doorstep/kit/errors.ts';

/** What the system says of a file, as a sentence; what is no such thing stays as it is. */
export function fileFault(error: unknown, verb: 'read' | 'written'): unknown {
  const { syscall, message } = error as NodeJS.ErrnoException;
  if (!syscall) return error;
  // `ENOENT: no such file or directory, open 'items.csv'`
  const [, what = message] = /^[A-Z]+: (.+?)(,|$)/.exec(message) ?? [];
  return new AppError('invalid', `The file cannot be ${verb}: ${what}.`);
}
