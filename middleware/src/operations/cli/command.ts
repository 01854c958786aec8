import type { OwnerLock } from '@doorstep/kit/database/lock.ts';
import type { MiddlewareContext } from '../../context.ts';
import type { Daemon } from '../../ports.ts';

export const exitCodes = {
  done: 0,
  /** The answer is no: an unknown customer, exceptions left, a poll that failed. */
  no: 1,
  /** Wrong words or wrong settings. */
  misused: 2,
  /** Not now: the ledger, the CRM or the Inventory is away. */
  unable: 3,
} as const;

export type CommandMeans = {
  context: MiddlewareContext;
  values: Record<string, string | boolean | undefined>;
  positionals: string[];
  /** What was asked for. */
  print(text: string): void;
  /** Anything else. */
  say(text: string): void;
  /** Where a bar may be drawn, where it is a terminal. */
  terminal: { write(text: string): unknown; isTTY?: boolean };
  daemon: Daemon;
  /** @throws StartError where a daemon has it. */
  takeLock(): Promise<OwnerLock>;
};

export type Command = {
  /** What may follow its name, and what it does. */
  usage: [words: string, what: string][];
  options: Record<string, { type: 'string' | 'boolean' }>;
  positionalsMax: number;
  /** @throws AppError for what the person at the keyboard can do something about. */
  run(means: CommandMeans): Promise<number>;
};
