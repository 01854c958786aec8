import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, errors, UnsecuredJWT } from 'jose';
import { AppError } from '../errors.ts';

export type Claims = {
  subject: string;
  role: string;
  /** The version of the subject's credentials. A token with an older version is no longer valid. */
  version?: number | undefined;
};

export type Tokens = {
  sign(claims: Claims, expiresSeconds: number): Promise<string>;
  /**
   * `sentAt`: the time of the caller as its Date header says. It only makes the error message more exact.
   * @throws AppError `unauthorized` for anything but a valid Doorstep token.
   */
  verify(token: string, sentAt?: string): Promise<Claims>;
};

const issuer = 'doorstep';
const audience = 'doorstep';
const algorithm = 'HS256';
const header = Buffer.from(JSON.stringify({ alg: algorithm })).toString('base64url');

/** Of a service, which renews its token by its own clock. */
export const serviceRole = 'service';

/** How far the clocks of two machines may differ. A person's token ends when it says. */
const clockToleranceSeconds = 60;

/**
 * Bearer tokens (RFC 7519), HS256 alone, signed with a key of at least 32 bytes (RFC 7518, 3.2). jose writes and checks the
 * claims. It would sign in the thread pool of the process, where every request would wait for the passwords that are hashed
 * there, so the signature is made here.
 */
export function createTokens(secretKey: string): Tokens {
  const key = createSecretKey(Buffer.from(secretKey));
  const signatureOf = (signed: string) => createHmac('sha256', key).update(signed).digest('base64url');
  return {
    async sign({ subject, role, version }, expiresSeconds) {
      const claims = new UnsecuredJWT({ role, ...(version !== undefined && { version }) })
        .setSubject(subject)
        .setIssuer(issuer)
        .setAudience(audience)
        .setIssuedAt()
        .setExpirationTime(`${expiresSeconds} s`);
      const signed = `${header}.${payloadOf(claims.encode())}`;
      return `${signed}.${signatureOf(signed)}`;
    },
    async verify(token, sentAt) {
      try {
        requireSignature(token, signatureOf);
        const { sub, role, version } = checkClaims(token);
        return {
          subject: String(sub),
          role: String(role),
          version: version === undefined ? undefined : Number(version),
        };
      } catch (error) {
        throw timeFault(error, sentAt) ?? invalidToken();
      }
    },
  };
}

/** @throws an error unless the token is signed with HS256 and our key, and requires no extension (RFC 7515, 4.1.11). */
function requireSignature(token: string, signatureOf: (signed: string) => string): void {
  const { alg, crit } = decodeProtectedHeader(token);
  const end = token.lastIndexOf('.');
  const given = Buffer.from(token.slice(end + 1));
  const expected = Buffer.from(signatureOf(token.slice(0, end)));
  const isOurs = given.length === expected.length && timingSafeEqual(given, expected);
  if (alg !== algorithm || crit !== undefined || !isOurs) throw invalidToken();
}

/** The claims of a token whose signature is verified. jose checks claims at once only in a token that has no signature. */
function checkClaims(token: string) {
  const [none] = new UnsecuredJWT().encode().split('.');
  const { payload } = UnsecuredJWT.decode(`${none}.${payloadOf(token)}.`, {
    issuer,
    audience,
    requiredClaims: ['exp', 'sub', 'role'],
    clockTolerance: decodeJwt(token)['role'] === serviceRole ? clockToleranceSeconds : 0,
  });
  return payload;
}

function payloadOf(token: string): string {
  return token.split('.')[1] ?? '';
}

/** The error for a service token that is valid but for its time: then one of the two clocks is wrong. */
function timeFault(error: unknown, sentAt: string | undefined): AppError | undefined {
  const isTimed = error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed;
  const { exp, nbf, role } = isTimed ? error.payload : {};
  if (role !== serviceRole || !isTimed || !['exp', 'nbf', 'iat'].includes(error.claim)) return undefined;
  const nowSeconds = Date.now() / 1000;
  const measured = sentAt === undefined ? Number.NaN : nowSeconds - Date.parse(sentAt) / 1000;
  const least = nowSeconds - Number(error.claim === 'exp' ? exp : (nbf ?? exp));
  const seconds = Math.round(Number.isNaN(measured) ? least : measured);
  // a token that is old by its own clock too
  if (!Number.isNaN(measured) && Math.abs(seconds) <= clockToleranceSeconds) return undefined;
  const how = `${Number.isNaN(measured) ? 'at least ' : ''}${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'}`;
  return new AppError(
    'unauthorized',
    `The bearer token is refused only for its time: this machine's clock is ${how} the caller's`,
    {
      members: { clock_difference_seconds: seconds },
    },
  );
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
