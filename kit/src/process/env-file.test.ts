import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
