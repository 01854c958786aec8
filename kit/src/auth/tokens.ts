import { decodeJwt, jwtVerify, SignJWT } from 'jose';
import { AppError } from '../errors.ts';

export type Claims = {
  subject: string;
  role: string;
  /** The version of the subject's credentials. A token with an older version is no longer valid. */
  version?: number | undefined;
};

export type Tokens = {
  sign(claims: Claims, expiresSeconds: number): Promise<string>;
  /** @throws AppError `unauthorized` for anything but a valid Doorstep token. */
  verify(token: string): Promise<Claims>;
};

const issuer = 'doorstep';
const audience = 'doorstep';
const algorithm = 'HS256';

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

/** The role that a token claims, unverified: never base a decision about access on it. */
export function claimedRole(token: string): unknown {
  try {
    return decodeJwt(token)['role'];
  } catch {
    return undefined;
  }
}

export function invalidToken(): AppError {
  return new AppError('unauthorized', 'The bearer token is not valid or has expired');
}
