import { describe, expect, it } from 'vitest';
import { integrationStatus } from './customer.ts';

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
