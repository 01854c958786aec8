import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { passwordForm } from './password-form.ts';

const derive = promisify(argon2);

/** Memory in KiB, passes and lanes: a setting for argon2id from OWASP's Password Storage Cheat Sheet. */
const cost = { memory: 19_456, passes: 2, parallelism: 1 };
const saltBytes = 16;
const tagBytes = 32;

/** Returns the hash in PHC string format, which includes the parameters, so that they can be raised later. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  const tag = await run(passwordForm(password), salt, cost);
  const { memory, passes, parallelism } = cost;
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${encode(salt)}$${encode(tag)}`;
}

/**
 * Whether a password has this hash. An older hash may be that of the password as it was typed, without its form. Without
 * a hash it takes as long and returns false, so that timing does not reveal whether a user exists.
 */
export async function verifyPassword(password: string, hash: string | undefined): Promise<boolean> {
  const form = passwordForm(password);
  return (await hasHash(form, hash)) || (form !== password && (await hasHash(password, hash)));
}

/** Whether a password that has this hash needs a new one, with which it can be typed on every keyboard. */
export async function isHashedAsTyped(password: string, hash: string): Promise<boolean> {
  const form = passwordForm(password);
  return form !== password && !(await hasHash(form, hash));
}

async function hasHash(password: string, hash: string | undefined): Promise<boolean> {
  const match = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/.exec(hash ?? '');
  if (!match) {
    await run(password, Buffer.alloc(saltBytes), cost);
    return false;
  }
  const [memory, passes, parallelism] = match.slice(1, 4).map(Number) as [number, number, number];
  const expected = Buffer.from(match[5] ?? '', 'base64');
  const actual = await run(password, Buffer.from(match[4] ?? '', 'base64'), { memory, passes, parallelism });
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

function run(password: string, nonce: Buffer, parameters: typeof cost): Promise<Buffer> {
  const options: Argon2Parameters = { message: password, nonce, tagLength: tagBytes, ...parameters };
  return derive('argon2id', options);
}

function encode(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
