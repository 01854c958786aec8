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

  it('require a token and a signing key in production', () => {
    expect(readInventoryConfig({ NODE_ENV: 'production', JWT_SECRET_KEY })).toMatchObject({
      requireAuth: true,
      jwtSecretKey: JWT_SECRET_KEY,
    });
  });

  it.each([
    ['', 'JWT_SECRET_KEY is not set; with NODE_ENV=production it takes a string of at least 32 bytes.'],
    ['k'.repeat(31), 'JWT_SECRET_KEY holds an invalid value; it takes a string of at least 32 bytes.'],
    ['secret'.repeat(6), 'JWT_SECRET_KEY is too easy to guess; with NODE_ENV=production'],
  ])('reject the key "%s" in production', (key, sentence) => {
    expect(() => readInventoryConfig({ NODE_ENV: 'production', JWT_SECRET_KEY: key })).toThrow(sentence);
  });

  const url = 'https://example.com/hooks/T0KEN/?key=t0ken';
  const secretOf = (bytes: number) => `whsec_${Buffer.alloc(bytes, 0xfb).toString('base64')}`;
  const withWebhook = (LOW_STOCK_WEBHOOK_URL: string, LOW_STOCK_WEBHOOK_SECRET: string) =>
    readInventoryConfig({ LOW_STOCK_WEBHOOK_URL, LOW_STOCK_WEBHOOK_SECRET });

  it.each([24, 25, 32, 64])('accept a webhook URL unchanged, with a secret of %i bytes', (bytes) => {
    expect(withWebhook(url, secretOf(bytes)).webhook).toStrictEqual({ url, key: Buffer.alloc(bytes, 0xfb) });
  });

  it('have no webhook without a URL', () => {
    expect(readInventoryConfig({}).webhook).toBeUndefined();
    expect(withWebhook('', '').webhook).toBeUndefined();
    expect(withWebhook('', secretOf(32)).webhook).toBeUndefined();
  });

  it.each([
    ['example.com/T0KEN'],
    ['ftp://example.com/T0KEN'],
    ['file:///T0KEN'],
    ['https://T0KEN@example.com'],
    ['https://user:T0KEN@example.com'],
    ['https://T0KEN example.com'],
    [' T0KEN'],
  ])('reject the webhook URL "%s" and do not show it', (wrong) => {
    expect(sentenceOf(() => withWebhook(wrong, secretOf(32)))).toBe(
      'LOW_STOCK_WEBHOOK_URL holds an invalid value; it takes an http or https address without credentials, such as http://127.0.0.1:3001.',
    );
  });

  const takesSecret = 'whsec_ followed by 24 to 64 bytes in base64, as `echo whsec_$(openssl rand -base64 32)` prints.';

  it('require a secret for a webhook', () => {
    expect(sentenceOf(() => withWebhook(url, ''))).toBe(
      `LOW_STOCK_WEBHOOK_SECRET is not set; with LOW_STOCK_WEBHOOK_URL it takes ${takesSecret}`,
    );
  });

  it.each([
    ['of 23 bytes', secretOf(23)],
    ['of 65 bytes', secretOf(65)],
    ['of 0 bytes', 'whsec_'],
    ['without its prefix', secretOf(32).slice('whsec_'.length)],
    ['with another prefix', secretOf(32).toUpperCase()],
    ['without its padding', secretOf(32).replace('=', '')],
    ['in base64url', secretOf(32).replaceAll('+', '-').replaceAll('/', '_')],
    ['that is not base64', `whsec_${'!'.repeat(44)}`],
    ['with a line break', `${secretOf(32)}\n`],
  ])('reject a webhook secret %s and do not show it', (_, wrong) => {
    const sentence = `LOW_STOCK_WEBHOOK_SECRET holds an invalid value; it takes ${takesSecret}`;

    expect(sentenceOf(() => withWebhook(url, wrong))).toBe(sentence);
    expect(sentenceOf(() => withWebhook('', wrong))).toBe(sentence);
  });
});

function sentenceOf(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
