import { Writable } from 'node:stream';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import winston from 'winston';
import { createLogger, type LogConfig, type Logger } from './logger.ts';

function written(config: Partial<LogConfig>, use: (logger: Logger) => void): string {
  let text = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  const logger = createLogger('crm', { level: 'info', format: 'pretty', ...config });
  logger.clear().add(new winston.transports.Stream({ stream, eol: '\n' }));
  use(logger);
  return text;
}

// the terminal that the tests run in has no say
beforeEach(() => {
  vi.stubEnv('FORCE_COLOR', undefined);
  vi.stubEnv('NO_COLOR', '1');
  return () => vi.unstubAllEnvs();
});

const time = String.raw`\d\d:\d\d:\d\d\.\d{3}`;

describe('a pretty log', () => {
  it('has the time and the message of each event on a line', () => {
    const text = written({}, (logger) => logger.info('one').info('two', { customerId: 7 }));
    expect(text).toMatch(new RegExp(`^${time} one\n${time} two\n$`));
  });

  it('marks warnings and errors', () => {
    const text = written({}, (logger) => logger.warn('slow').error('broken'));
    expect(text).toMatch(new RegExp(`^${time} WARN slow\n${time} ERROR broken\n$`));
  });

  it('shows warnings in yellow and errors in red if the output supports colours', () => {
    vi.stubEnv('NO_COLOR', undefined);
    vi.stubEnv('FORCE_COLOR', '1');
    const text = written({}, (logger) => logger.info('fine').warn('slow').error('broken'));
    expect(text.replaceAll('\u001b', 'ESC')).toMatch(
      new RegExp(`^${time} fine\n${time} ESC\\[33mWARNESC\\[39m slow\n${time} ESC\\[31mERRORESC\\[39m broken\n$`),
    );
  });

  it('omits messages below its level', () => {
    expect(written({}, (logger) => logger.debug('detail'))).toBe('');
    expect(written({ level: 'debug' }, (logger) => logger.debug('detail'))).toContain('DEBUG detail');
  });

  it.each([
    ['a line break', 'Eve\n12:00:00.000 ERROR forged'],
    ['a carriage return', 'Eve\r12:00:00.000 ERROR forged'],
    ['an escape sequence', 'Eve\u001b[2J\u001b[31mred'],
    ['a one-byte escape sequence', 'Eve\u009b2J'],
    ['a line separator', 'Eve\u2028forged'],
    ['a paragraph separator', 'Eve\u2029forged'],
    ['a reversed line', 'Eve\u202edegrof'],
    ['a next-line character', 'Eve\u0085forged'],
    ['a backspace', 'Eve\b\b\bBob'],
    ['tags', 'Eve\u{e0066}\u{e006f}\u{e0072}'],
  ])('cannot be forged by a name with %s', (_what, name) => {
    const text = written({}, (logger) => logger.info(`welcome, ${name}`));
    expect(text).toMatch(new RegExp(`^${time} welcome, Eve\\\\u[\\x20-\\x7e]*\n$`));
  });

  it('keeps letters of every script', () => {
    expect(written({}, (logger) => logger.info('Zoë 李雷 🎁'))).toContain(' Zoë 李雷 🎁\n');
  });

  it('shows an error with its stack trace', () => {
    const text = written({}, (logger) => logger.error('it failed', { error: new TypeError('no such thing') }));
    expect(text).toMatch(new RegExp(`^${time} ERROR it failed\n\\s*TypeError: no such thing\n\\s+at `));
  });

  it('cannot be forged by the message of an error', () => {
    const error = new Error('bad name: Eve\n12:00:00.000 ERROR forged\u001b[2J\n    at \u001b[31mforged');
    const [first, ...stack] = written({}, (logger) => logger.error('it failed', { error }))
      .trimEnd()
      .split('\n');
    expect(first).toMatch(/ERROR it failed$/);
    expect(stack.join('\n')).toContain('bad name: Eve');
    expect(stack.at(-1)).toMatch(/^ +at /);
    for (const line of stack) expect(line).toMatch(/^(Error: |\s)\P{Cc}*$/u);
  });
});

describe('a JSON log', () => {
  it('is one line for every reader, and holds what was logged', () => {
    const name = 'Eve\n\u0085\u2028\u2029\u202e\u{e0041}';
    const use = (logger: Logger) =>
      logger.info(`welcome, ${name}`, { name, [name]: [{ name }], error: new Error(name) });
    const text = written({ format: 'json' }, use);
    expect(text).toMatch(/^[\x20-\x7e]*\n$/);
    expect(JSON.parse(text)).toMatchObject({ message: `welcome, ${name}`, name, [name]: [{ name }] });
  });

  it('has one object per line, with the service, the time, the level, the message and the fields', () => {
    const use = (logger: Logger) => logger.info('one', { customerId: 7 }).warn('two\nlines', { ms: 1.5 });
    const lines = written({ format: 'json' }, use)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const timestamp = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(lines).toEqual([
      { timestamp, service: 'crm', level: 'info', message: 'one', customerId: 7 },
      { timestamp, service: 'crm', level: 'warn', message: 'two\nlines', ms: 1.5 },
    ]);
  });

  it('has an error with its stack trace', () => {
    const text = written({ format: 'json' }, (logger) => logger.error('it failed', { error: new Error('inside') }));
    expect(JSON.parse(text)).toMatchObject({
      message: 'it failed',
      error: expect.stringMatching(/^Error: inside\n +at /),
    });
  });
});
