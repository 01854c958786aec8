import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { call } from '@doorstep/kit/test/call.ts';
import { databases } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aCustomer, startTestCrm, type TestCrm } from './start.ts';

/** Long enough for HS512 as well. */
const secretKey = 'a key that is long enough for the other algorithms too, of 64 bytes or more';
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const rsaPublicPem = rsa.publicKey.export({ type: 'spki', format: 'pem' });

type Sign = (text: string) => Buffer;
const hmac =
  (hash: string, key: string | Buffer = secretKey): Sign =>
  (text) =>
    createHmac(hash, key).update(text).digest();
const rs256 =
  (key: KeyObject): Sign =>
  (text) =>
    sign('sha256', Buffer.from(text), key);

type Parts = { header?: object; payload?: object; signature?: Sign };

/** A hand-made JWT (RFC 7519) of the admin, valid for a minute, with overrides. */
function aToken({ header, payload, signature = hmac('sha256') }: Parts = {}): string {
  const claims = { sub: 'admin', role: 'admin', version: 1, iss: 'doorstep', aud: 'doorstep', exp: inSeconds(60) };
  const parts = [
    { alg: 'HS256', typ: 'JWT', ...header },
    { ...claims, ...payload },
  ];
  const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${text}.${signature(text).toString('base64url')}`;
}

function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}

const noSignature: Sign = () => Buffer.alloc(0);

const forged: [what: string, parts: Parts][] = [
  ['from another issuer', { payload: { iss: 'elsewhere' } }],
  ['without an issuer', { payload: { iss: undefined } }],
  ['for another audience', { payload: { aud: 'elsewhere' } }],
  ['without an audience', { payload: { aud: undefined } }],
  ['that has expired', { payload: { exp: inSeconds(-1) } }],
  ['that never expires', { payload: { exp: undefined } }],
  ['that becomes valid much later', { payload: { nbf: inSeconds(1_000_000) } }],
  ['that is not signed', { header: { alg: 'none' }, signature: noSignature }],
  ['that says "None" and is signed', { header: { alg: 'None' } }],
  ['without a signature', { signature: noSignature }],
  ['signed with HS512', { header: { alg: 'HS512' }, signature: hmac('sha512') }],
  ['signed with HS384', { header: { alg: 'HS384' }, signature: hmac('sha384') }],
  ['signed with an RSA key', { header: { alg: 'RS256' }, signature: rs256(rsa.privateKey) }],
  ['that says RS256 and is signed with our key', { header: { alg: 'RS256' } }],
  ['signed with a public key as the HMAC secret', { signature: hmac('sha256', rsaPublicPem) }],
  ['that brings its own key', { header: { jwk: { kty: 'oct', k: 'a2V5' } }, signature: hmac('sha256', 'key') }],
  ['that requires an extension', { header: { crit: ['exp2'], exp2: 1 } }],
  ['without a version', { payload: { version: undefined } }],
  ['of an older version', { payload: { version: 0 } }],
  ['of a future version', { payload: { version: 2 } }],
  ['of a version that is not a number', { payload: { version: 'latest' } }],
  ['of an admin that does not exist', { payload: { sub: 'nobody' } }],
  ['of the admin in capitals', { payload: { sub: 'ADMIN' } }],
  ['of an admin who is a customer', { payload: { sub: '1' } }],
  ['of an admin without a name', { payload: { sub: '' } }],
  ['of a customer who is the admin', { payload: { role: 'customer' } }],
  ['of a customer that does not exist', { payload: { role: 'customer', sub: '999999' } }],
  ['of a customer without a version', { payload: { role: 'customer', sub: '1', version: undefined } }],
  ['of a customer of another version', { payload: { role: 'customer', sub: '1', version: 2 } }],
  ...['', '0', '-1', '01', '0x1', '1.5', '1e400', '99999999999999999999', 'NaN', '1 or 1=1'].map(
    (sub): [string, Parts] => [`of the customer "${sub}"`, { payload: { role: 'customer', sub } }],
  ),
  ['of an admin whose name contains NUL', { payload: { sub: 'admin\0' } }],
];

describe.each(databases)('on %s a token', (kind) => {
  let crm: TestCrm;
  beforeAll(async () => {
    crm = await startTestCrm(kind, { JWT_SECRET_KEY: secretKey });
    await ask(aToken(), 'POST /v1/customers', aCustomer());
  });
  afterAll(() => crm[Symbol.asyncDispose]());

  const ask = (token: string, request: string, body?: unknown) => {
    return call(crm, request, { body, headers: { Authorization: `Bearer ${token}` } });
  };

  it('is accepted if it is made as the CRM makes it', async () => {
    const customer = aToken({ payload: { role: 'customer', sub: '1' } });

    expect((await ask(aToken(), 'GET /v1/customers')).status).toBe(200);
    expect((await ask(customer, 'GET /v1/customers/1')).status).toBe(200);
  });

  it.each(forged)('%s is rejected', async (_, parts) => {
    for (const path of ['/v1/customers', '/v1/customers/1']) {
      const { status, headers, body } = await ask(aToken(parts), `GET ${path}`);
      expect([status, headers.get('WWW-Authenticate')]).toEqual([401, 'Bearer']);
      expect(body.detail).toBe('The bearer token is not valid or has expired');
    }
  });
});
