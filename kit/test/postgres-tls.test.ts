import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { openDatabase } from '../src/database/open.ts';
import { StartError } from '../src/errors.ts';
import { writeSelfSigned } from './self-signed.ts';
import { type PostgresServer, startPostgres } from './start-postgres.ts';

const folder = mkdtempSync(join(tmpdir(), 'doorstep-tls-'));
chmodSync(folder, 0o777);
const migrations = join(folder, 'none');
const sockets = join(folder, 'sockets');
const certificate = join(folder, 'server.crt');
afterAll(() => rmSync(folder, { recursive: true }));
mkdirSync(migrations);
mkdirSync(sockets);
chmodSync(sockets, 0o777);

/** Opens the database; returns whether the connection is encrypted, or the refusal. */
async function connect(url: string): Promise<boolean | string> {
  try {
    const { db, close } = await openDatabase({ url, schema: 'notes', migrations, onError: () => undefined });
    const { rows } = await sql<{ ssl: boolean }>`select ssl from pg_stat_ssl where pid = pg_backend_pid()`.execute(db);
    await close();
    return rows[0]?.ssl ?? 'no row';
  } catch (error) {
    expect(error).toBeInstanceOf(StartError);
    return (error as Error).message;
  }
}

describe('a server with a certificate that it signed itself', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    // for 127.0.0.1 in the certificate, not for localhost
    const key = join(folder, 'server.key');
    writeSelfSigned({ key, certificate }, 'IP:127.0.0.1');
    chmodSync(key, 0o600);
    // started by root, the server runs as this user, and reads only its own key
    if (process.getuid?.() === 0) execFileSync('chown', ['postgres', key]);
    server = await startPostgres([
      'ssl=on',
      `ssl_cert_file=${certificate}`,
      `ssl_key_file=${key}`,
      `unix_socket_directories=${sockets}`,
    ]);
  });
  afterAll(() => server?.stop());
  const at = (parameters: string, host = '127.0.0.1') => `${server.url.replace('127.0.0.1', host)}?${parameters}`;

  it.each([
    ['', false],
    ['sslmode=disable', false],
    ['sslmode=allow', true],
    ['sslmode=prefer', true],
    ['sslmode=require', true],
    ['sslmode=no-verify', true],
    [`sslmode=require&sslrootcert=${certificate}`, true],
    [`sslmode=verify-ca&sslrootcert=${certificate}`, true],
    [`sslmode=verify-full&sslrootcert=${certificate}`, true],
  ])('is used with %j as psql uses it', async (parameters, isEncrypted) => {
    expect(await connect(at(parameters))).toBe(isEncrypted);
  });

  it('is used under another name only without a check of the name', async () => {
    expect(await connect(at(`sslmode=verify-ca&sslrootcert=${certificate}`, 'localhost'))).toBe(true);
    expect(await connect(at(`sslmode=verify-full&sslrootcert=${certificate}`, 'localhost'))).toMatch(
      /^The database for notes cannot be used: Hostname\/IP does not match certificate.*\.$/,
    );
  });

  it.each(['sslmode=verify-full', 'ssl=true'])('is refused in one sentence with %j', async (parameters) => {
    expect(await connect(at(parameters))).toBe(
      'The database for notes cannot be used: self-signed certificate; sslmode in its address says whether to encrypt and what to check.',
    );
  });

  it('is reached through its socket, which needs no encryption', async () => {
    const { port, username, password } = new URL(server.url);
    const parameters = `host=${encodeURIComponent(sockets)}&port=${port}`;
    expect(await connect(`postgres://${username}:${password}@/postgres?${parameters}`)).toBe(false);
    expect(
      await connect(`postgres:///postgres?user=${username}&password=${password}&sslmode=require&${parameters}`),
    ).toBe(false);
    expect(await connect(`postgres://${username}:${password}@${encodeURIComponent(sockets)}:${port}/postgres`)).toBe(
      false,
    );
  });

  it('is named if its socket is missing', async () => {
    expect(await connect('postgres:///postgres?user=a&host=/nowhere')).toBe(
      'The database for notes cannot be used: connect ENOENT /nowhere/.s.PGSQL.5432.',
    );
  });
});

describe('a server without encryption', () => {
  const at = (parameters: string) => `${inject('postgresUrl')}?${parameters}`;

  it('is used with sslmode=prefer', async () => {
    expect(await connect(at('sslmode=prefer'))).toBe(false);
  });

  it.each(['require', 'verify-full'])('is refused with sslmode=%s', async (mode) => {
    expect(await connect(at(`sslmode=${mode}`))).toBe(
      'The database for notes cannot be used: The server does not support SSL connections; sslmode in its address says whether to encrypt and what to check.',
    );
  });

  it.each([
    [
      'sslmode=always',
      'DATABASE_URL has sslmode=always; it takes disable, allow, prefer, require, verify-ca, verify-full, no-verify.',
    ],
    ['sslmode=verify-ca', 'DATABASE_URL has sslmode=verify-ca; it also takes sslrootcert=FILE, the authority.'],
    [
      'sslmode=verify-ca&sslrootcert=/nowhere.crt',
      'DATABASE_URL has sslrootcert=/nowhere.crt, and this file cannot be read (ENOENT).',
    ],
  ])('is not even called with %s', async (parameters, refusal) => {
    expect(await connect(at(parameters))).toBe(refusal);
  });
});
