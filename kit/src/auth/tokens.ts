import { decodeJwt, errors, jwtVerify, SignJWT } from 'jose';
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

/** Of a service, which renews its token by its own clock. */
export const serviceRole = 'service';

/** How far the clocks of two machines may differ. A person's token ends when it says. */
const clockToleranceSeconds = 60;

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
    async verify(token, sentAt) {
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: [algorithm],
          issuer,
          audience,
          requiredClaims: ['exp', 'sub', 'role'],
          clockTolerance: decodeJwt(token)['role'] === serviceRole ? clockToleranceSeconds : 0,
        });
        const { sub, role, version } = payload;
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
