import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { loadEnvFile } from './env-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'doorstep-env-'));
const path = join(folder, '.env');
afterAll(() => rmSync(folder, { recursive: true }));

function load(bytes: string | Buffer, environment: Record<string, string> = {}) {
  writeFileSync(path, bytes);
  const warnings = loadEnvFile(path, environment);
  return { ...environment, ...(warnings.length > 0 && { warnings }) };
}

it('leaves variables that are already set, even empty ones', () => {
  expect(load('A=1\nB=2\nC=3', { A: 'set', B: '' })).toEqual({ A: 'set', B: '', C: '3' });
});

it('is empty if there is no file', () => {
  expect(loadEnvFile(join(folder, 'none'), {})).toEqual([]);
});

it.skipIf(process.platform === 'win32')('warns of a secret that every user of the machine can read', () => {
  const secret = 'PORT=1\nJWT_SECRET_KEY=hunter2';
  const modes = [0o644, 0o640, 0o600].map((mode) => {
    load(secret);
    chmodSync(path, mode);
    return load(secret)['warnings'];
  });

  expect(modes).toEqual([
    ['.env holds JWT_SECRET_KEY, and every user of this machine can read it; to prevent that: chmod 600 .env'],
    undefined,
    undefined,
  ]);
  chmodSync(path, 0o644);
  expect(load('PORT=1\nJWT_SECRET_KEY=')).toEqual({ PORT: '1', JWT_SECRET_KEY: '' });
});

it('skips a byte-order mark', () => {
  expect(load('\ufeffA=ü\r\nB=2\r\n')).toEqual({ A: 'ü', B: '2' });
});

it.each([
  [
    'UTF-16 with its mark',
    Buffer.from('\ufeffA=1\n', 'utf16le'),
    '.env is encoded in UTF-16, as some editors save it; save it in UTF-8.',
  ],
  [
    'UTF-16 without a mark',
    Buffer.from('A=1\n', 'utf16le'),
    '.env is encoded in UTF-16, as some editors save it; save it in UTF-8.',
  ],
  [
    'big-endian UTF-16',
    Buffer.from('\ufeffA=1\n', 'utf16le').swap16(),
    '.env is encoded in UTF-16, as some editors save it; save it in UTF-8.',
  ],
  ['Latin-1', Buffer.from('A=Müller\n', 'latin1'), '.env is not encoded in UTF-8; save it in UTF-8.'],
])('refuses %s', (_encoding, bytes, sentence) => {
  expect(() => load(bytes)).toThrow(sentence);
});

it('refuses a folder of this name', () => {
  expect(() => loadEnvFile(folder, {})).toThrow(`${folder} cannot be read (EISDIR).`);
});
