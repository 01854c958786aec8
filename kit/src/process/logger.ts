import { Writable } from 'node:stream';
import { styleText } from 'node:util';
import winston from 'winston';
import { describeError } from '../text/describe-error.ts';
import { printable } from '../text/printable.ts';

export type Logger = winston.Logger;

export type LogConfig = {
  level: string;
  format: 'pretty' | 'json';
  /** Leaves standard output to what a command prints. */
  stderr?: boolean;
};

/**
 * One line an event. Pretty shows the message alone, so a message says all that a person needs; JSON adds the fields.
 * An `error` field that is an Error is written with its stack. Text from outside cannot begin a line of its own.
 */
export function createLogger(service: string, { level, format, stderr = false }: LogConfig): Logger {
  return winston.createLogger({
    level,
    format: winston.format.combine(
      winston.format.timestamp(),
      stacks(),
      format === 'json'
        ? winston.format.combine(winston.format.json(), oneLine)
        : winston.format.printf(pretty(stderr ? process.stderr : process.stdout)),
    ),
    defaultMeta: { service },
    transports: [new winston.transports.Stream({ stream: stderr ? toStderr() : toStdout() })],
  });
}

const toStdout = once(() => gathering(process.stdout));
const toStderr = once(() => gathering(process.stderr));

/**
 * Writes what comes in one turn of the event loop at once: a system call a line would cost more than the line. Only a process
 * that is killed, or aborts, loses the lines of its last turn.
 */
function gathering(output: NodeJS.WritableStream): Writable {
  let gathered = '';
  const flush = () => {
    if (gathered !== '') output.write(gathered);
    gathered = '';
  };
  process.once('exit', flush);
  return new Writable({
    decodeStrings: false,
    write(line: string, _encoding, done) {
      if (gathered === '') setImmediate(flush);
      gathered += line;
      done();
    },
  });
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

const stacks = winston.format((info) => {
  const { error } = info;
  return error instanceof Error ? { ...info, error: describeError(error) } : info;
});

/** Where winston keeps it. */
const finishedLine = Symbol.for('message');

/** JSON itself escapes only what is below U+0020; many readers of lines also split at U+0085, U+2028 and U+2029. */
const oneLine = winston.format.printf((info) => printable(String(info[finishedLine])));

const colours = { warn: 'yellow', error: 'red' } as const;

/** In colour where `output` is a terminal, or FORCE_COLOR says so; never with NO_COLOR. */
function pretty(output: NodeJS.WritableStream) {
  return ({ timestamp, level, message, error }: winston.Logform.TransformableInfo): string => {
    const time = String(timestamp).slice(11, 23);
    const mark = level === 'info' ? '' : `${inColour(level, output)} `;
    return `${time} ${mark}${printable(String(message))}${error ? `\n${error}` : ''}`;
  };
}

function inColour(level: string, stream: NodeJS.WritableStream): string {
  const word = level.toUpperCase();
  return level in colours ? styleText(colours[level as keyof typeof colours], word, { stream }) : word;
}
