import { describe, expect, it } from 'vitest';
import { readCrmConfig } from './config.ts';

const production = {
  NODE_ENV: 'production',
  JWT_SECRET_KEY: 'a key of no less than 32 bytes here',
  ADMIN_USERNAME: 'root',
  ADMIN_PASSWORD: 'correct horse battery staple',
};

describe('the settings of the CRM', () => {
  it('have defaults that suit a first start', () => {
    expect(readCrmConfig({})).toMatchObject({
      host: '127.0.0.1',
      port: 3001,
      databaseUrl: 'data/crm.db',
      requireAuth: false,
      admin: { username: 'admin', password: undefined },
      tokenExpiresSeconds: 3600,
      corsOrigins: [],
    });
  });

  it('come from the environment', () => {
    const environment = {
      ...production,
      JWT_EXPIRES_SECONDS: '60',
      CORS_ORIGINS: 'https://a.example, http://b:8080',
    };

    expect(readCrmConfig(environment)).toMatchObject({
      requireAuth: true,
      jwtSecretKey: production.JWT_SECRET_KEY,
      admin: { username: 'root', password: production.ADMIN_PASSWORD },
      tokenExpiresSeconds: 60,
      corsOrigins: ['https://a.example', 'http://b:8080'],
    });
  });

  it.each(['JWT_SECRET_KEY', 'ADMIN_USERNAME', 'ADMIN_PASSWORD'])('require %s in production', (name) => {
    expect(() => readCrmConfig({ ...production, [name]: '' })).toThrow(`${name} is not set; with NODE_ENV=production`);
  });

  it.each([
    ['JWT_EXPIRES_SECONDS', '59', 'JWT_EXPIRES_SECONDS is "59"; it takes a whole number from 60 to 86400.'],
    ['CORS_ORIGINS', 'https://a.example/', 'CORS_ORIGINS is "https://a.example/"; it takes comma-separated origins'],
    [
      'ADMIN_PASSWORD',
      'hunter2',
      'ADMIN_PASSWORD holds an invalid value; it takes a string of at least 12 bytes and at most 1000 characters.',
    ],
  ])('reject %s=%s', (name, value, sentence) => {
    expect(() => readCrmConfig({ [name]: value })).toThrow(sentence);
  });
});
