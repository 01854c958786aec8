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
  /** Options by their names in camel case: `--skip-bad` is `skipBad`. */
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
  /** What it does, in one line. */
  summary: string;
  /** What `summary` has no room for, in sentences. */
  details?: string;
  /** What may follow its name, one entry for each way to call it. */
  forms: string[];
  /** What each argument is, by its name in the forms. */
  arguments?: Record<string, string>;
  /** What each option does, by its flag; `--until <TIME>` takes a value. */
  options?: Record<string, string>;
  /** Words that may follow its name, to copy. */
  examples: string[];
  /** @throws AppError for what the person at the keyboard can do something about. */
  run(means: Means): Promise<number>;
};

/** By their names. */
export type Commands<Means> = Record<string, Command<Means>>;

/** What a service says of its command line. */
export type Introduction = {
  /** The npm script that runs it, and the folder of the service. */
  name: string;
  /** What the commands are for, in a sentence or two. */
  about: string;
  /** What each exit code means here. */
  exitCodes: Record<number, string>;
};
