import { describe, expect, it } from 'vitest';
import { readInventoryConfig } from './config.ts';

const JWT_SECRET_KEY = 'a key of no less than 32 bytes here';

describe('the settings of the Inventory', () => {
  it('have defaults for a first start', () => {
    expect(readInventoryConfig({})).toMatchObject({
      host: '127.0.0.1',
      port: 3002,
      databaseUrl: 'data/inventory.db',
      requireAuth: false,
      corsOrigins: [],
    });
  });

  it('demand a token of everybody in production, and take a key for them', () => {
    expect(readInventoryConfig({ NODE_ENV: 'production', JWT_SECRET_KEY })).toMatchObject({
      requireAuth: true,
      jwtSecretKey: JWT_SECRET_KEY,
    });
  });

  it.each([
    ['', 'JWT_SECRET_KEY is not set; with NODE_ENV=production it takes a text of at least 32 bytes.'],
    ['k'.repeat(31), 'JWT_SECRET_KEY holds a value of another form; it takes a text of at least 32 bytes.'],
    ['secret'.repeat(6), 'JWT_SECRET_KEY is guessed too easily; with NODE_ENV=production'],
  ])('may not have the key "%s" in production', (key, sentence) => {
    expect(() => readInventoryConfig({ NODE_ENV: 'production', JWT_SECRET_KEY: key })).toThrow(sentence);
  });
});
