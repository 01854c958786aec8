import { pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
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

  it('is signed and verified while every thread of the pool is busy', async () => {
    let finished = 0;
    const busy = Array.from({ length: 16 }, async () => {
      await promisify(pbkdf2)('a password', 'salt', 1000, 32, 'sha256');
      finished += 1;
    });

    const verified = await tokens.verify(await tokens.sign(claims, 60));

    expect([verified, finished]).toEqual([claims, 0]);
    await Promise.all(busy);
  });

  describe('of a service', () => {
    const machine = { role: 'service' };
    const at = (seconds: number) => new Date(Date.now() + seconds * 1000).toUTCString();
    const refusal = async (overrides: object, sentAt?: string) =>
      (await tokens.verify(await aToken({ ...machine, ...overrides }), sentAt).catch((reason) => reason)).message;
    const onlyTime = "The bearer token is refused only for its time: this machine's clock is ";

    it('is accepted from a machine whose clock differs by less than a minute', async () => {
      for (const time of [{ exp: inSeconds(-55) }, { nbf: inSeconds(55) }, { iat: inSeconds(55) }]) {
        expect(await tokens.verify(await aToken({ ...machine, ...time }))).toMatchObject(machine);
      }
    });

    it('is refused with the difference of the clocks if that is larger', async () => {
      expect(await refusal({ exp: inSeconds(-310 + 60) }, at(-310))).toMatch(
        /clock is 31[01] s ahead of the caller's$/,
      );
      expect(await refusal({ nbf: inSeconds(310) }, at(310))).toMatch(/clock is (309|310) s behind the caller's$/);
    });

    it('is refused with the least difference if the caller does not send its time', async () => {
      const sentences = [await refusal({ exp: inSeconds(-310) }), await refusal({ nbf: inSeconds(310) }, 'yesterday')];

      expect(sentences.map((sentence) => sentence.replace(/3(09|1[01])/, '310'))).toEqual([
        `${onlyTime}at least 310 s ahead of the caller's`,
        `${onlyTime}at least 310 s behind the caller's`,
      ]);
    });

    it('is refused like any other if it is old by the clock of its sender too, or otherwise wrong', async () => {
      expect(await refusal({ exp: inSeconds(-310) }, at(0))).toBe('The bearer token is not valid or has expired');
      expect(await refusal({ exp: inSeconds(-310), key: 'x'.repeat(32) }, at(-310))).not.toContain('clock');
      expect(await refusal({ exp: inSeconds(-310), aud: 'elsewhere' }, at(-310))).not.toContain('clock');
    });
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
    ['whose signature was cut off', async () => (await aToken()).replace(/[^.]*$/, '')],
    ['whose signature is longer', async () => `${await aToken()}AA`],
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
