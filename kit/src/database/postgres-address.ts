import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type pg from 'pg';
import { StartError } from '../errors.ts';

// pg reads `sslmode` otherwise than psql and every other program, and does not look for the server's answer to `prefer`.

/** https://www.postgresql.org/docs/current/libpq-ssl.html; `no-verify` is pg's name for `require`. */
const sslModes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'] as const;
type SslMode = (typeof sslModes)[number];

const tlsParameters = ['ssl', 'sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'uselibpqcompat'];

export function isPostgresUrl(url: string): boolean {
  return /^postgres(ql)?:\/\//.test(url);
}

/**
 * Parses `postgres://user:password@host:5432/database?…`. `host` may also be a parameter, which is how to name the folder
 * of a socket: `postgres://user@/database?host=/run/postgresql`.
 * @throws StartError that names no part of the address.
 */
export function parsePostgresUrl(url: string): URL {
  // with a user, a URL needs a host too
  const complete = url.replace(/^([a-z]+:\/\/[^/?#]*@)(?=[/?#]|$)/, '$1localhost');
  if (URL.canParse(complete)) return new URL(complete);
  throw new StartError('DATABASE_URL is not a valid URL; percent-encode special characters in it.');
}

/** With the other parameters of the address as they are. */
export type PostgresAddress = Omit<pg.ClientConfig, 'options'> & { options?: string | undefined };

/** @throws StartError for a wrong parameter. */
export function readPostgresAddress(url: string): PostgresAddress {
  const address = parsePostgresUrl(url);
  const { username, password, pathname, port, searchParams } = address;
  const ssl = readTls(searchParams, sslModeOf(address));
  for (const name of tlsParameters) searchParams.delete(name);
  return {
    user: decoded(username),
    password: decoded(password),
    database: decoded(pathname.slice(1)),
    ...(port && { port: Number(port) }),
    ...Object.fromEntries(searchParams),
    host: hostOf(address),
    // pg would take an unset value from PGSSLMODE
    ssl: ssl ?? false,
  };
}

function sslModeOf(address: URL): SslMode {
  const given = address.searchParams.get('sslmode') ?? modeOfSsl(address.searchParams.get('ssl'));
  const mode = sslModes.find((known) => known === given);
  if (!mode) throw new StartError(`DATABASE_URL has sslmode=${given}; it takes ${sslModes.join(', ')}.`);
  return isSocket(address) ? 'disable' : mode;
}

/** The parameter of pg itself. */
function modeOfSsl(ssl: string | null): string {
  if (ssl === null || ssl === '0' || ssl === 'false') return 'disable';
  return ssl === 'no-verify' ? ssl : 'verify-full';
}

function readTls(parameters: URLSearchParams, mode: SslMode): ConnectionOptions | undefined {
  if (mode === 'disable') return undefined;
  const ca = readFile(parameters, 'sslrootcert');
  const cert = readFile(parameters, 'sslcert');
  const key = readFile(parameters, 'sslkey');
  const files = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  if (mode === 'verify-full') return files;
  if (mode === 'verify-ca' && !ca) {
    throw new StartError('DATABASE_URL has sslmode=verify-ca; it also takes sslrootcert=FILE, the authority.');
  }
  // as in libpq, `require` with an authority means `verify-ca`
  const isVerified = ca !== undefined && (mode === 'verify-ca' || mode === 'require');
  return { ...files, ...(isVerified ? { checkServerIdentity: () => undefined } : { rejectUnauthorized: false }) };
}

function readFile(parameters: URLSearchParams, name: string): string | undefined {
  const path = parameters.get(name);
  // the authorities that Node knows
  if (!path || path === 'system') return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartError(`DATABASE_URL has ${name}=${path}, and this file cannot be read (${code}).`);
  }
}

/** A name, an address without brackets, or the folder of a socket. */
function hostOf({ searchParams, hostname }: URL): string {
  return searchParams.get('host') ?? (decoded(hostname).replace(/^\[(.*)\]$/, '$1') || 'localhost');
}

/** A percent sign that encodes nothing is one. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replace(/%(?![\da-f]{2})/gi, '%25'));
  } catch {
    return text; // encoded, but not in UTF-8
  }
}

function isSocket(address: URL): boolean {
  return hostOf(address).startsWith('/');
}

/** Replaces `prefer` and `allow`, which pg does not know, by what the server offers. */
export async function settleTls(url: string): Promise<string> {
  const address = parsePostgresUrl(url);
  const { searchParams } = address;
  if (!['prefer', 'allow'].includes(searchParams.get('sslmode') ?? '')) return url;
  const isOffered = !isSocket(address) && (await offersTls(address));
  searchParams.set('sslmode', isOffered ? 'no-verify' : 'disable');
  return address.href;
}

/** https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-SSLREQUEST */
const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);
const answerTimeoutMs = 5_000;

function offersTls(address: URL): Promise<boolean> {
  const port = address.searchParams.get('port') || address.port || '5432';
  const socket = connect({ host: hostOf(address), port: Number(port) });
  return new Promise((resolve) => {
    socket.setTimeout(answerTimeoutMs, () => socket.destroy());
    socket.once('connect', () => socket.write(sslRequest));
    socket.once('data', (answer) => {
      resolve(answer.toString('latin1', 0, 1) === 'S');
      socket.destroy();
    });
    // the connection that follows reports the fault
    socket.once('error', () => resolve(true));
    socket.once('close', () => resolve(true));
  });
}
