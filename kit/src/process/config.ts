import { isIP } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';
import { isPostgresUrl } from '../database/open.ts';
import { StartError } from '../errors.ts';

export type Environment = Record<string, string | undefined>;
type Shape = Record<string, z.ZodType>;

declare module 'zod' {
  interface GlobalMeta {
    /** What a setting takes, in words that complete "it takes …". */
    takes?: string;
    /** The value is never shown. */
    secret?: boolean;
  }
}

/** A whole number; `takes` says so with both limits. */
export function integer({ min, max, default: fallback }: { min: number; max: number; default: number }) {
  return z
    .string()
    .regex(/^\d+$/)
    .transform(Number)
    .pipe(z.number().min(min).max(max))
    .default(fallback)
    .meta({ takes: `a whole number from ${min} to ${max}` });
}

export function oneOf<const T extends [string, ...string[]]>(values: T, fallback: T[number]) {
  return z
    .enum(values)
    .default(fallback as never)
    .meta({ takes: `one of ${values.join(', ')}` });
}

export function flag(fallback: boolean) {
  return z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .default(fallback)
    .meta({ takes: 'true or false' });
}

export function text(fallback: string) {
  return z.string().default(fallback).meta({ takes: 'a text' });
}

/** A text on one line, with nothing around it. */
export function name(fallback: string, max: number) {
  return z
    .string()
    .regex(/^\S(.*\S)?$/u)
    .max(max)
    .default(fallback)
    .meta({ takes: `a text of at most ${max} characters, with no space before or after it` });
}

/** Unset where there is none. */
export function optionalText(pattern: RegExp, takes: string) {
  return z.string().regex(pattern).optional().meta({ takes });
}

const anyHttpAddress = z
  .url({ protocol: /^https?$/ })
  .refine((url) => URL.canParse(url) && !new URL(url).username && !new URL(url).password, 'no credentials');
const httpAddress = anyHttpAddress.transform((url) => url.replace(/\/+$/, ''));
const takesHttpAddress = { takes: 'an http or https address without credentials, such as http://127.0.0.1:3001' };

export function httpUrl(fallback: string) {
  return httpAddress.default(fallback).meta(takesHttpAddress);
}

export function optionalHttpUrl() {
  return httpAddress.optional().meta(takesHttpAddress);
}

/** Where another of our services is: on this machine, at the port that `npm start` gives it, unless told otherwise. */
export function neighbourUrl(environment: Environment, portName: string, defaultPort: number) {
  const ports = readSettings({ [portName]: integer({ min: 0, max: 65535, default: defaultPort }) }, environment);
  return httpUrl(`http://127.0.0.1:${ports[portName]}`);
}

/** Of something that knows its callers by the path or the query, so that the address is as secret as they are. */
export function secretHttpUrl() {
  return anyHttpAddress.optional().meta({ ...takesHttpAddress, secret: true });
}

export function origins() {
  return z
    .string()
    .transform((list) => list.split(',').map((origin) => origin.trim()))
    .refine((list) => list.every((origin) => URL.canParse(origin) && new URL(origin).origin === origin))
    .default([])
    .meta({ takes: 'comma-separated origins such as https://app.example.com' });
}

/** Host names without a port; an IPv6 address in brackets. */
export function hostNames(fallback: string[]) {
  return z
    .string()
    .transform((list) => list.split(',').map((name) => name.trim()))
    .refine((list) => list.every((name) => /^(\[[0-9a-f:.]+\]|[^\s:/[\]]+)$/i.test(name)))
    .default(fallback)
    .meta({ takes: 'comma-separated host names without a port, such as localhost,[::1]' });
}

const proxyNames = ['loopback', 'linklocal', 'uniquelocal'];

/** Addresses, networks in CIDR notation, or Express's names for some. https://expressjs.com/en/guide/behind-proxies.html */
export function proxies() {
  return z
    .string()
    .transform((list) => list.split(',').map((entry) => entry.trim()))
    .refine((list) => list.every((entry) => proxyNames.includes(entry) || isNetwork(entry)))
    .default([])
    .meta({ takes: 'comma-separated addresses or networks, such as loopback,10.0.0.0/8' });
}

function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

export function secret(minBytes: number, maxCharacters = Number.POSITIVE_INFINITY) {
  const most = Number.isFinite(maxCharacters) ? ` and at most ${maxCharacters} characters` : '';
  return z
    .string()
    .refine((value) => Buffer.byteLength(value) >= minBytes && value.length <= maxCharacters)
    .optional()
    .meta({ takes: `a text of at least ${minBytes} bytes${most}`, secret: true });
}

/** A secret of a certain form. */
export function secretText(pattern: RegExp, takes: string) {
  return z.string().regex(pattern).optional().meta({ takes, secret: true });
}

/**
 * Reads the variables named in `shape`; an empty one counts as unset.
 * @throws StartError naming the first variable that is wrong, what it held (never a secret) and what it takes.
 */
export function readSettings<S extends Shape>(
  shape: S,
  environment: Environment,
): { [Name in keyof S]: z.output<S[Name]> } {
  const settings: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(shape)) {
    const value = environment[name] === '' ? undefined : environment[name];
    const result = schema.safeParse(value);
    if (!result.success) {
      const { takes, secret: isSecret } = schema.meta() ?? {};
      const held = isSecret ? 'holds a value of another form' : `is ${JSON.stringify(withoutCredentials(value))}`;
      throw new StartError(`${name} ${value === undefined ? 'is not set' : held}; it takes ${takes}.`);
    }
    settings[name] = result.data;
  }
  return settings as { [Name in keyof S]: z.output<S[Name]> };
}

function withoutCredentials(value: string | undefined): string | undefined {
  return value?.replace(/\/\/.*@/gs, '//…@');
}

const databaseUrl = z
  .string()
  .refine(
    (url) => (isPostgresUrl(url) && URL.canParse(url)) || /^sqlite:.+/.test(url) || !/^[a-z][a-z+.-]+:/i.test(url),
  )
  .optional()
  .meta({ takes: 'a file path, sqlite:PATH or postgres://user:password@host:port/database', secret: true });

/** The settings that every service has. */
export type CommonConfig = {
  host: string;
  port: number;
  dataDir: string;
  databaseUrl: string;
  log: { level: string; format: 'pretty' | 'json' };
  requireAuth: boolean;
  jwtSecretKey: string | undefined;
  production: boolean;
};

/** @throws StartError as `readSettings`, and in production without `JWT_SECRET_KEY`. */
export function readCommonConfig(service: string, defaultPort: number, environment: Environment): CommonConfig {
  const production = environment['NODE_ENV'] === 'production';
  const settings = readSettings(
    {
      HOST: text('127.0.0.1'),
      PORT: integer({ min: 0, max: 65535, default: defaultPort }),
      DATA_DIR: text('./data'),
      DATABASE_URL: databaseUrl,
      LOG_LEVEL: oneOf(['error', 'warn', 'info', 'debug'], 'info'),
      LOG_FORMAT: oneOf(['pretty', 'json'], production ? 'json' : 'pretty'),
      REQUIRE_AUTH: flag(production),
      JWT_SECRET_KEY: secret(32),
    },
    environment,
  );
  if (production) requireSecretInProduction(environment, 'JWT_SECRET_KEY', 'a text of at least 32 bytes');
  return {
    host: settings.HOST,
    port: settings.PORT,
    dataDir: settings.DATA_DIR,
    databaseUrl: settings.DATABASE_URL ?? join(settings.DATA_DIR, `${service}.db`),
    log: { level: settings.LOG_LEVEL, format: settings.LOG_FORMAT },
    requireAuth: settings.REQUIRE_AUTH,
    jwtSecretKey: settings.JWT_SECRET_KEY,
    production,
  };
}

/** @throws StartError */
export function requireInProduction(environment: Environment, name: string, takes: string): void {
  if (!environment[name]) throw new StartError(`${name} is not set; with NODE_ENV=production it takes ${takes}.`);
}

/** What people make a secret of that is to be easy. */
const guessedFirst =
  /password|passwort|changeme|change-me|secret|admin|doorstep|letmein|welcome|qwerty|12345678|1234/gi;
const differentCharactersMin = 6;

/** @throws StartError where it is not set, or guessed easily: a text that is repeated, or little besides what all try first. */
export function requireSecretInProduction(environment: Environment, name: string, takes: string): void {
  requireInProduction(environment, name, takes);
  const value = environment[name] ?? '';
  const isRepeated = /^(.{1,16})\1+$/s.test(value);
  if (!isRepeated && new Set(value.replace(guessedFirst, '')).size >= differentCharactersMin) return;
  throw new StartError(
    `${name} is guessed too easily; with NODE_ENV=production it takes ${takes}, such as \`openssl rand -base64 32\` prints.`,
  );
}
