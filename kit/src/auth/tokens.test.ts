import { SignJWT, UnsecuredJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { AppError } from '../errors.ts';
import { createTokens } from './tokens.ts';

const secretKey = 'k'.repeat(64); // long enough for the other algorithms too
const tokens = createTokens(secretKey);
const claims = { subject: 'alice', role: 'admin' };
const aPayload = { sub: 'alice', role: 'admin', iss: 'doorstep', aud: 'doorstep', exp: inSeconds(60) };

function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}

/** A valid token, apart from the overrides. */
function aToken({ key = secretKey, algorithm = 'HS256', ...overrides }: Record<string, unknown> = {}): Promise<string> {
  return new SignJWT({ ...aPayload, ...overrides })
    .setProtectedHeader({ alg: String(algorithm) })
    .sign(new TextEncoder().encode(String(key)));
}

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

describe('a bearer token', () => {
  it('carries its subject and role', async () => {
    expect(await tokens.verify(await tokens.sign(claims, 60))).toEqual(claims);
    expect(await tokens.verify(await aToken())).toEqual(claims);
  });

  it('is accepted by every service with the same key', async () => {
    expect(await createTokens(secretKey).verify(await tokens.sign(claims, 60))).toEqual(claims);
  });

  it('expires after the given number of seconds', async () => {
    const token = await tokens.sign(claims, 120);
    const { exp, iat } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    expect(exp - iat).toBe(120);
  });

  const refused: [what: string, token: () => string | Promise<string>][] = [
    ['signed with another key', () => aToken({ key: 'x'.repeat(32) })],
    ['that is unsigned (alg: none)', () => new UnsecuredJWT(aPayload).encode()],
    [
      'with alg: none and a signature',
      async () => {
        const [, payload, signature] = (await aToken()).split('.');
        return [base64url({ alg: 'none' }), payload, signature].join('.');
      },
    ],
    ['signed with another algorithm', () => aToken({ algorithm: 'HS512' })],
    ['that has expired', () => aToken({ exp: inSeconds(-1) })],
    ['that never expires', () => aToken({ exp: undefined })],
    ['that is not valid yet', () => aToken({ nbf: inSeconds(60) })],
    ['for another audience', () => aToken({ aud: 'elsewhere' })],
    ['for no audience', () => aToken({ aud: undefined })],
    ['of another issuer', () => aToken({ iss: 'elsewhere' })],
    ['without a role', () => aToken({ role: undefined })],
    ['without a subject', () => aToken({ sub: undefined })],
    [
      'whose payload was changed',
      async () => {
        const [header, , signature] = (await aToken({ role: 'customer' })).split('.');
        return [header, base64url(aPayload), signature].join('.');
      },
    ],
    ['that is not a JWT', () => 'garbage'],
    ['with three invalid parts', () => 'a.b.c'],
    ['that is empty', () => ''],
  ];

  it.each(refused)('%s is unauthorized', async (_what, token) => {
    const error = await tokens.verify(await token()).catch((reason) => reason);
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ code: 'unauthorized', message: 'The bearer token is not valid or has expired' });
  });
});
