import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jwtVerify, SignJWT } from 'jose';
import { AppError, StartError } from '../errors.ts';

export type Claims = {
  subject: string;
  role: string;
  /** Of the subject's credentials: a token that names an older version than the present one is not valid any more. */
  version?: number | undefined;
};

export type Tokens = {
  sign(claims: Claims, expiresSeconds: number): Promise<string>;
  /** @throws AppError `unauthorized` for anything but a valid token of ours. */
  verify(token: string): Promise<Claims>;
};

const issuer = 'doorstep';
const audience = 'doorstep';
const algorithm = 'HS256';
const keyBytesMin = 32;

/** Bearer tokens (RFC 7519), HS256 alone, signed with a key of at least 32 bytes (RFC 7518, 3.2). */
export function createTokens(secretKey: string): Tokens {
  const key = new TextEncoder().encode(secretKey);
  return {
    sign: ({ subject, role, version }, expiresSeconds) =>
      new SignJWT({ role, ...(version !== undefined && { version }) })
        .setProtectedHeader({ alg: algorithm })
        .setSubject(subject)
        .setIssuer(issuer)
        .setAudience(audience)
        .setIssuedAt()
        .setExpirationTime(`${expiresSeconds} s`)
        .sign(key),
    async verify(token) {
      try {
        const options = { algorithms: [algorithm], issuer, audience, requiredClaims: ['exp', 'sub', 'role'] };
        const { payload } = await jwtVerify(token, key, options);
        const { sub, role, version } = payload;
        return {
          subject: String(sub),
          role: String(role),
          version: version === undefined ? undefined : Number(version),
        };
      } catch {
        throw invalidToken();
      }
    },
  };
}

export function invalidToken(): AppError {
  return new AppError('unauthorized', 'The bearer token is not valid or has expired');
}

/**
 * The key in use: the configured one, or the one in `dataDir`, made there (mode 0600) by whichever process is first.
 * Safe to call from several processes at once: all get the same key.
 */
export function loadSecretKey(configured: string | undefined, dataDir: string): string {
  if (configured) return configured;
  const path = join(dataDir, 'jwt-secret-key');
  try {
    mkdirSync(dataDir, { recursive: true });
    const key = readIfThere(path) ?? createKey(path);
    if (Buffer.byteLength(key) >= keyBytesMin) return key;
  } catch (error) {
    throw new StartError(`The key for tokens cannot be kept in ${path}: ${(error as Error).message}.`);
  }
  throw new StartError(
    `The key for tokens in ${path} is shorter than ${keyBytesMin} bytes; delete the file to have a new one made.`,
  );
}

function createKey(path: string): string {
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(draft, randomBytes(32).toString('base64url'), { mode: 0o600, flush: true });
  try {
    linkSync(draft, path); // appears whole or not at all, and never over another's
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft);
  }
  return readFileSync(path, 'utf8');
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
