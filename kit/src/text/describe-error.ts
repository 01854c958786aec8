import { printable } from './printable.ts';

/**
 * The error with its stack and its causes, a line each. Its message may contain text from outside, so it is printable and
 * stays on one line.
 */
export function describeError(error: Error): string {
  const frames =
    error.stack
      ?.split('\n')
      .filter((line) => /^\s+at /.test(line))
      .map(printable) ?? [];
  const cause = error.cause instanceof Error ? [`    caused by ${describeError(error.cause)}`] : [];
  return [printable(`${error.name}: ${error.message}`), ...frames, ...cause].join('\n');
}
