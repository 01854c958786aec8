import { describe, expect, it } from 'vitest';
import { emailKey, integrationStatus } from './customer.ts';

describe('the integration status', () => {
  it.each([
    ['pending', null, 'pending'],
    ['delivered', null, 'Package request created successfully'],
    ['failed', 'Inventory answered 422', 'Package request failed: Inventory answered 422'],
    ['failed', null, 'Package request failed: no reason given'],
  ] as const)('of a package that is %s with the error %s is %j', (state, error, sentence) => {
    expect(integrationStatus(state, error)).toBe(sentence);
  });
});

describe('two emails', () => {
  it('are one address when they differ only in case', () => {
    expect(emailKey('Alice@Example.COM')).toBe(emailKey('alice@example.com'));
  });

  it('are one address when an accent is one character in one and two in the other', () => {
    expect(emailKey('zo\u00eb@example.com')).toBe(emailKey('zoe\u0308@example.com'));
  });

  it('are two addresses when anything else differs', () => {
    expect(emailKey('alice+1@example.com')).not.toBe(emailKey('alice@example.com'));
  });
});
