import { describe, expect, it } from 'vitest';
import { readMiddlewareConfig } from './config.ts';

const JWT_SECRET_KEY = 'a key of no less than 32 bytes here';

describe('the settings of the middleware', () => {
  it('have defaults for a first start', () => {
    expect(readMiddlewareConfig({})).toMatchObject({
      host: '127.0.0.1',
      port: 3003,
      databaseUrl: 'data/middleware.db',
      requireAuth: false,
      crm: { url: 'http://127.0.0.1:3001', token: undefined },
      inventory: { url: 'http://127.0.0.1:3002', token: undefined },
    });
  });

  it('look for the others at the ports that npm start gives them', () => {
    const neighbours = readMiddlewareConfig({ CRM_PORT: '4001', INVENTORY_PORT: '4002' });

    expect([neighbours.crm.url, neighbours.inventory.url]).toEqual(['http://127.0.0.1:4001', 'http://127.0.0.1:4002']);
    expect(() => readMiddlewareConfig({ CRM_PORT: 'x' })).toThrow('CRM_PORT is "x"; it takes a whole number');
  });

  it('say where to begin', () => {
    expect(readMiddlewareConfig({ START_FROM: 'now' }).startFrom).toEqual({ text: 'now', kind: 'now' });
    expect(() => readMiddlewareConfig({ START_FROM: 'today' })).toThrow(
      'START_FROM is "today"; it takes beginning, now, a customer id, or a time such as 2026-01-31T12:00:00Z.',
    );
  });

  it('demand a token of everybody in production, and take a key for them', () => {
    expect(readMiddlewareConfig({ NODE_ENV: 'production', JWT_SECRET_KEY })).toMatchObject({
      requireAuth: true,
      jwtSecretKey: JWT_SECRET_KEY,
    });
  });

  it.each([
    ['', 'JWT_SECRET_KEY is not set; with NODE_ENV=production it takes a string of at least 32 bytes.'],
    ['k'.repeat(31), 'JWT_SECRET_KEY holds an invalid value; it takes a string of at least 32 bytes.'],
    ['secret'.repeat(6), 'JWT_SECRET_KEY is too easy to guess; with NODE_ENV=production'],
  ])('may not have the key "%s" in production', (key, sentence) => {
    expect(() => readMiddlewareConfig({ NODE_ENV: 'production', JWT_SECRET_KEY: key })).toThrow(sentence);
  });

  it.each(['Bearer k3y', 'k3y\n', ' k3y', 'k3y\u00e9'])('refuse the token %j without showing it', (token) => {
    expect(() => readMiddlewareConfig({ INVENTORY_TOKEN: token })).toThrow(
      'INVENTORY_TOKEN holds an invalid value; it takes a bearer token of visible ASCII characters, without "Bearer" and without spaces.',
    );
  });
});
