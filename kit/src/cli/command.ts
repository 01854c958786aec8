export const exitCodes = {
  done: 0,
  /** A negative result, such as a difference that a check found. */
  no: 1,
  /** Invalid arguments or settings. */
  misused: 2,
  /** A required service or database is unavailable. */
  unable: 3,
} as const;

type Stream = { write(text: string): unknown; isTTY?: boolean };
export type Terminal = { stdout: Stream; stderr: Stream };

export type Call = {
  /** Options by name in camel case: `--skip-bad` is `skipBad`. */
  values: Record<string, string | boolean | undefined>;
  positionals: string[];
  /** Prints a result to standard output. Each argument is one line, whatever text from outside is in it. */
  print(...lines: string[]): void;
  /** Prints a message to standard error, in the same way. */
  say(...lines: string[]): void;
  /** For a progress bar, if it is a terminal. */
  terminal: Stream;
};

/** `Means` is the context that a service passes to each of its commands. */
export type Command<Means> = {
  summary: string;
  details?: string;
  /** The arguments after the name of the command, one entry for each form. */
  forms: string[];
  /** What each argument is, by its name in the forms. */
  arguments?: Record<string, string>;
  /** What each option does, by its flag; `--until <TIME>` takes a value. */
  options?: Record<string, string>;
  /** Arguments after the name of the command, ready to copy. */
  examples: string[];
  /** Returns the exit code. @throws AppError for an error that the user can fix. */
  run(means: Means): Promise<number>;
};

export type Commands<Means> = Record<string, Command<Means>>;

export type Introduction = {
  /** The npm script that runs it, and the folder of the service. */
  name: string;
  /** What the commands are for, in a sentence or two. */
  about: string;
  exitCodes: Record<number, string>;
};
