export const exitCodes = {
  done: 0,
  /** The answer is no. */
  no: 1,
  /** Wrong words or wrong settings. */
  misused: 2,
  /** Not now: something that it needs is away. */
  unable: 3,
} as const;

type Stream = { write(text: string): unknown; isTTY?: boolean };
/** `process` is one. */
export type Terminal = { stdout: Stream; stderr: Stream };

/** What the words of a call come to, and where its answers go. */
export type Call = {
  values: Record<string, string | boolean | undefined>;
  positionals: string[];
  /** What was asked for. */
  print(text: string): void;
  /** Anything else. */
  say(text: string): void;
  /** Where a bar may be drawn, where it is a terminal. */
  terminal: Stream;
};

/** `Means` is what a service hands to each of its commands: the call, and what the work needs. */
export type Command<Means> = {
  /** What may follow its name, and what it does. */
  usage: [words: string, what: string][];
  options: Record<string, { type: 'string' | 'boolean' }>;
  positionalsMax: number;
  /** @throws AppError for what the person at the keyboard can do something about. */
  run(means: Means): Promise<number>;
};

/** By their names. */
export type Commands<Means> = Record<string, Command<Means>>;
