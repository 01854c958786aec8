import { isUnavailable } from '../database/faults.ts';
import { AppError, StartError } from '../errors.ts';
import { printable } from '../text/printable.ts';
import { type Call, type Command, type Commands, exitCodes, type Introduction, type Terminal } from './command.ts';
import { parseWords } from './command-words.ts';

export type CommandLine<Config, Means> = Introduction & {
  commands: Commands<Means>;
  /** @throws StartError if a setting is invalid. */
  readConfig(): Config;
  run(config: Config, command: Command<Means>, call: Call): Promise<number>;
};

/**
 * Runs the command that the arguments name. Returns its exit code. Results go to standard output, everything else to
 * standard error. Prints an expected error as one sentence and turns it into an exit code; rethrows any other error.
 */
export async function runCommand<Config, Means>(
  words: string[],
  { stdout, stderr }: Terminal,
  line: CommandLine<Config, Means>,
): Promise<number> {
  const print = (...lines: string[]) => void stdout.write(toText(lines));
  const say = (...lines: string[]) => void stderr.write(toText(lines));
  let isUnderstood = false;
  try {
    const parsed = parseWords(words, line);
    if (typeof parsed === 'string') {
      print(...parsed.split('\n'));
      return exitCodes.done;
    }
    const config = line.readConfig();
    isUnderstood = true;
    const { command, ...asked } = parsed;
    return await line.run(config, command, { ...asked, print, say, terminal: stderr });
  } catch (error) {
    if (!(error instanceof AppError || error instanceof StartError || isUnavailable(error))) throw error;
    say((error as Error).message);
    if (error instanceof AppError && error.code !== 'unavailable') {
      return error.code === 'invalid' ? exitCodes.misused : exitCodes.no;
    }
    return isUnderstood ? exitCodes.unable : exitCodes.misused;
  }
}

function toText(lines: string[]): string {
  return lines.map((line) => `${printable(line)}\n`).join('');
}
