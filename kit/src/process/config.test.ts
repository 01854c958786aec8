import { describe, expect, it } from 'vitest';
import { readCommonConfig } from './config.ts';

const read = (environment: Record<string, string>) => readCommonConfig('crm', 3001, environment);

describe('configuration', () => {
  it('has a default for every setting', () => {
    expect(read({})).toMatchObject({ host: '127.0.0.1', port: 3001, databaseUrl: 'data/crm.db', requireAuth: false });
  });

  it('treats an empty value as unset', () => {
    expect(read({ PORT: '', LOG_LEVEL: '' })).toMatchObject({ port: 3001, log: { level: 'info' } });
  });

  it('names the invalid variable, its value and the valid values', () => {
    expect(() => read({ PORT: 'abc' })).toThrow('PORT is "abc"; it takes a whole number from 0 to 65535.');
    expect(() => read({ PORT: '65536' })).toThrow('PORT is "65536"');
    expect(() => read({ LOG_LEVEL: 'loud' })).toThrow('LOG_LEVEL is "loud"; it takes one of error, warn, info, debug.');
    expect(() => read({ REQUIRE_AUTH: 'yes' })).toThrow('REQUIRE_AUTH is "yes"; it takes true or false.');
  });

  it('never shows the value of a secret', () => {
    const tooShort = 'hunter2';
    expect(() => read({ JWT_SECRET_KEY: tooShort })).toThrow(/^JWT_SECRET_KEY .*at least 32 bytes\.$/);
    expect(() => read({ JWT_SECRET_KEY: tooShort })).not.toThrow(tooShort);
    expect(() => read({ DATABASE_URL: 'mysql://root:hunter2@db/x' })).not.toThrow(tooShort);
    expect(() => read({ DATABASE_URL: 'mongodb://root:hunter2@db/x' })).toThrow(/^DATABASE_URL .*postgres:/);
  });

  it('requires tokens and a strong key in production, and logs JSON', () => {
    expect(() => read({ NODE_ENV: 'production' })).toThrow('JWT_SECRET_KEY is not set; with NODE_ENV=production');
    expect(() => read({ NODE_ENV: 'production', JWT_SECRET_KEY: 'secret'.repeat(6) })).toThrow(
      'JWT_SECRET_KEY is too easy to guess; with NODE_ENV=production',
    );
    const published = ['changeme-password-1234-secret-admin', 'your-secret-key-change-in-production'];
    for (const JWT_SECRET_KEY of [...published, 'replace-this-example-jwt-token-key-in-production'])
      expect(() => read({ NODE_ENV: 'production', JWT_SECRET_KEY })).toThrow('too easy');
    const config = read({ NODE_ENV: 'production', JWT_SECRET_KEY: 'a key of no less than 32 bytes here' });
    expect(config).toMatchObject({ requireAuth: true, log: { format: 'json' } });
  });
});
