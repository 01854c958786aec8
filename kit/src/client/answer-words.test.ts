import { describe, expect, it } from 'vitest';
import { wordsOf } from './answer-words.ts';

describe('the words of an answer', () => {
  it.each([
    [{ type: 'about:blank', title: 'Not Found', status: 404, detail: 'No such route', error: 'x' }, 'No such route'],
    [{ error: 'missing X-Api-Key' }, 'missing X-Api-Key'],
    [{ message: 'missing X-Api-Key.' }, 'missing X-Api-Key'],
    [{ title: 'Out of stock' }, 'Out of stock'],
    [{ statusCode: 401, message: 'missing X-Api-Key', error: 'Unauthorized' }, 'missing X-Api-Key'],
    [{ error: 'invalid_token', error_description: 'The token expired' }, 'The token expired'],
    [{ error: { code: 7, message: 'no such tenant' } }, 'no such tenant'],
    [{ errors: ['name is too long', 'email is missing'] }, 'name is too long; email is missing'],
    [{ errors: [{ field: 'name', message: 'is too long' }] }, 'name: is too long'],
    [
      { errors: { name: ['is too long', 'is odd'], email: 'is missing' } },
      'name: is too long; is odd; email: is missing',
    ],
    [{ errors: [{ status: '422', title: 'Invalid', detail: 'name is too long' }] }, 'name is too long'],
    [{ detail: [{ loc: ['body', 'name'], msg: 'field required' }] }, 'field required'],
    [{ title: 'One or more errors', errors: { Name: ['required'] } }, 'One or more errors (Name: required)'],
    [{ detail: 'name is too long', errors: [{ field: 'name', message: 'is too long' }] }, 'name is too long'],
    [['first', { message: 'second' }], 'first; second'],
    ['missing X-Api-Key\n', 'missing X-Api-Key'],
    ['Out of stock\n\n  at Stock.take (stock.js:1)', 'Out of stock'],
  ])('are those of %j', (data, words) => {
    expect(wordsOf({ status: 401, data })).toBe(words);
  });

  it.each([
    ['<!DOCTYPE html><title>Error</title>'],
    ['\n<html><body>502</body></html>'],
    ['<h1>Bad gateway</h1>'],
    ['Unauthorized'],
    ['  '],
    [''],
    [{ error: 'unauthorized' }],
    [{ title: 'Unauthorized', status: 401 }],
    [{ detail: 7, error: null, message: {}, errors: [null, 3, {}] }],
    [null],
    [undefined],
    [7],
    [[]],
    [Buffer.from('bytes')],
  ])('are not there in %j', (data) => {
    expect(wordsOf({ status: 401, data })).toBeUndefined();
  });

  it('are one printable line of at most 200 characters', () => {
    const words = wordsOf({ status: 422, data: { error: `no\r\n\u001b[31m\0\ud800 ${'x'.repeat(300)}` } });

    expect(words).toMatch(/^no \\u001b\[31m\\u0000\\ud800 x+…$/);
    expect(words).toHaveLength(200);
  });

  it('are not sought in an endless nesting', () => {
    const data = JSON.parse(`${'{"error":'.repeat(100_000)}"deep"${'}'.repeat(100_000)}`);

    expect(wordsOf({ status: 422, data })).toBeUndefined();
  });

  it('never contain a secret that the answer repeats', () => {
    const data = { error: 'the token s3cr3t-token of Bearer s3cr3t-token is wrong' };

    expect(wordsOf({ status: 401, data }, ['s3cr3t-token', 'is'])).toBe('the token … of Bearer … is wrong');
  });

  it('are cut only after the secrets are gone', () => {
    const data = `${'x'.repeat(195)}s3cr3t-token`;

    expect(wordsOf({ status: 401, data }, ['s3cr3t-token'])).toBe(`${'x'.repeat(195)}…`);
  });
});
