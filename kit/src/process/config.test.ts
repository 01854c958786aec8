import { describe, expect, it } from 'vitest';
import { hostNames, httpUrl, integer, readCommonConfig, readSettings } from './config.ts';

const read = (environment: Record<string, string>) => readCommonConfig('crm', 3001, environment);

describe('configuration', () => {
  it('has a default for everything', () => {
    expect(read({})).toMatchObject({ host: '127.0.0.1', port: 3001, databaseUrl: 'data/crm.db', requireAuth: false });
  });

  it('takes an empty value for an unset one', () => {
    expect(read({ PORT: '', LOG_LEVEL: '' })).toMatchObject({ port: 3001, log: { level: 'info' } });
  });

  it('names the variable that is wrong, what it held and what it takes', () => {
    expect(() => read({ PORT: 'abc' })).toThrow('PORT is "abc"; it takes a whole number from 0 to 65535.');
    expect(() => read({ PORT: '65536' })).toThrow('PORT is "65536"');
    expect(() => read({ LOG_LEVEL: 'loud' })).toThrow('LOG_LEVEL is "loud"; it takes one of error, warn, info, debug.');
    expect(() => read({ REQUIRE_AUTH: 'yes' })).toThrow('REQUIRE_AUTH is "yes"; it takes true or false.');
  });

  it('never shows what a secret held', () => {
    const tooShort = 'hunter2';
    expect(() => read({ JWT_SECRET_KEY: tooShort })).toThrow(/^JWT_SECRET_KEY .*at least 32 bytes\.$/);
    expect(() => read({ JWT_SECRET_KEY: tooShort })).not.toThrow(tooShort);
    expect(() => read({ DATABASE_URL: 'mysql://root:hunter2@db/x' })).not.toThrow(tooShort);
    expect(() => read({ DATABASE_URL: 'mysql://root:hunter2@db/x' })).toThrow(/^DATABASE_URL .*postgres:/);
  });

  it('demands tokens, JSON lines and a key of its own in production', () => {
    expect(() => read({ NODE_ENV: 'production' })).toThrow('JWT_SECRET_KEY is not set; with NODE_ENV=production');
    expect(() => read({ NODE_ENV: 'production', JWT_SECRET_KEY: 'secret'.repeat(6) })).toThrow(
      'JWT_SECRET_KEY is guessed too easily; with NODE_ENV=production',
    );
    expect(() => read({ NODE_ENV: 'production', JWT_SECRET_KEY: 'changeme-password-1234-secret-admin' })).toThrow(
      'too easily',
    );
    const config = read({ NODE_ENV: 'production', JWT_SECRET_KEY: 'a key of no less than 32 bytes here' });
    expect(config).toMatchObject({ requireAuth: true, log: { format: 'json' } });
  });

  it('takes an address without its closing slash, and none with credentials', () => {
    const url = (value: string) => readSettings({ URL: httpUrl('http://x') }, { URL: value });
    expect(url('http://crm:3001/')).toEqual({ URL: 'http://crm:3001' });
    expect(() => url('http://user:hunter2@crm')).toThrow('URL ');
    expect(() => url('ftp://crm')).toThrow('it takes an http or https address');
  });

  it('refuses numbers that only look like one', () => {
    const number = (value: string) => readSettings({ N: integer({ min: 1, max: 9, default: 1 }) }, { N: value });
    for (const value of ['1e0', '0x1', '-1', '1.0', ' 1', '10', '0']) expect(() => number(value)).toThrow('N is');
  });

  it('takes host names separated by commas, an IPv6 address in brackets', () => {
    const names = (HOSTS: string) => readSettings({ HOSTS: hostNames(['localhost']) }, { HOSTS }).HOSTS;
    expect(names('')).toEqual(['localhost']);
    expect(names('ops.example.com')).toEqual(['ops.example.com']);
    expect(names(' a , 10.0.0.7,[::1],[::ffff:127.0.0.1], [FE80::1]')).toEqual([
      'a',
      '10.0.0.7',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '[FE80::1]',
    ]);
  });

  it.each([
    'localhost:3003',
    '[::1]:3003',
    '::1',
    '[::1',
    '[]',
    '[localhost]',
    'http://localhost',
    'localhost/',
    'a b',
    'a,,b',
    'a,',
    ',',
    ' ',
  ])('takes %j for no host name', (HOSTS) => {
    expect(() => readSettings({ HOSTS: hostNames([]) }, { HOSTS })).toThrow(
      `HOSTS is ${JSON.stringify(HOSTS)}; it takes comma-separated host names without a port, such as localhost,[::1].`,
    );
  });
});
