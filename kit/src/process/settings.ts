import { z } from 'zod';
import { StartError } from '../errors.ts';

export type Environment = Record<string, string | undefined>;
type Shape = Record<string, z.ZodType>;

declare module 'zod' {
  interface GlobalMeta {
    /** The valid values, as the end of a sentence that begins "it takes …". */
    takes?: string;
    /** True if the value must never be shown. */
    secret?: boolean;
  }
}

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
    .stringbool({ truthy: ['true'], falsy: ['false'], case: 'sensitive' })
    .default(fallback)
    .meta({ takes: 'true or false' });
}

export function text(fallback: string) {
  return z.string().default(fallback).meta({ takes: 'a string' });
}

/** A single line without leading or trailing spaces. */
export function name(fallback: string, max: number) {
  return z
    .string()
    .regex(/^\S(.*\S)?$/u)
    .max(max)
    .default(fallback)
    .meta({ takes: `a string of at most ${max} characters, without leading or trailing spaces` });
}

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

/** The address under which clients reach a service: in ASCII, as headers need it, without a slash at its end. */
export function publicUrl() {
  return anyHttpAddress
    .refine((url) => !/[?#]/.test(url))
    .transform((url) => new URL(url).href.replace(/\/+$/, ''))
    .optional()
    .meta({
      takes: 'an http or https address without credentials, query or fragment, such as https://example.com/crm',
    });
}

/** The address of another Doorstep service. By default, the port that `npm start` gives it on this machine. */
export function neighbourUrl(environment: Environment, portName: string, defaultPort: number) {
  const ports = readSettings({ [portName]: integer({ min: 0, max: 65535, default: defaultPort }) }, environment);
  return httpUrl(`http://127.0.0.1:${ports[portName]}`);
}

/** An address whose path or query authenticates the caller, so the whole address is secret. */
export function secretHttpUrl() {
  return anyHttpAddress.optional().meta({ ...takesHttpAddress, secret: true });
}

/** Entries separated by commas; spaces around an entry are ignored. */
function list<T extends z.ZodType<string, string>>(entry: T) {
  return z
    .string()
    .transform((entries) => entries.split(',').map((one) => one.trim()))
    .pipe(z.array(entry));
}

const origin = z.url().refine((url) => URL.canParse(url) && new URL(url).origin === url);

export function origins() {
  return list(origin).default([]).meta({ takes: 'comma-separated origins such as https://app.example.com' });
}

/** Also accepts names that are invalid in DNS: Compose creates names with underscores. No patterns: they would match nothing. */
const hostName = z.union([
  z.string().regex(/^[^\s:/[\]*]+$/),
  z.string().refine((name) => /^\[.*\]$/.test(name) && z.ipv6().safeParse(name.slice(1, -1)).success),
]);

/** Host names without a port; IPv6 addresses in brackets. */
export function hostNames(fallback: string[]) {
  return list(hostName)
    .default(fallback)
    .meta({ takes: 'comma-separated host names without a port, such as localhost,[::1]' });
}

const proxy = z.union([z.enum(['loopback', 'linklocal', 'uniquelocal']), z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]);

/** Addresses, networks in CIDR notation, or network names. https://expressjs.com/en/guide/behind-proxies.html */
export function proxies() {
  return list(proxy).default([]).meta({ takes: 'comma-separated addresses or networks, such as loopback,10.0.0.0/8' });
}

export function secret(minBytes: number, maxCharacters = Number.POSITIVE_INFINITY) {
  const most = Number.isFinite(maxCharacters) ? ` and at most ${maxCharacters} characters` : '';
  return z
    .string()
    .refine((value) => Buffer.byteLength(value) >= minBytes && value.length <= maxCharacters)
    .optional()
    .meta({ takes: `a string of at least ${minBytes} bytes${most}`, secret: true });
}

export function secretText(pattern: RegExp, takes: string) {
  return z.string().regex(pattern).optional().meta({ takes, secret: true });
}

/**
 * Reads the variables of `shape`. An empty variable counts as unset.
 * @throws StartError that names the first invalid variable, its value (unless secret) and the valid values.
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
      const held = isSecret ? 'holds an invalid value' : `is ${JSON.stringify(withoutCredentials(value))}`;
      throw new StartError(`${name} ${value === undefined ? 'is not set' : held}; it takes ${takes}.`);
    }
    settings[name] = result.data;
  }
  return settings as { [Name in keyof S]: z.output<S[Name]> };
}

function withoutCredentials(value: string | undefined): string | undefined {
  return value?.replace(/\/\/.*@/gs, '//…@');
}
