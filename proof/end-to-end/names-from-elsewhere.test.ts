import { packageInput } from '@doorstep/inventory/src/package.ts';
import { fitName } from '@doorstep/middleware/src/adapters/fit-name.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

describe('a name from elsewhere', () => {
  it('is accepted by the Inventory once it is made fit, whatever it is, and stays as it is', () => {
    const odd = fc.constantFrom(
      '\r\n',
      '\t',
      '\u0085',
      '\u2028',
      '\u001b',
      '\0',
      '\ud800',
      'e\u0301',
      '😀',
      '\u202e',
      '\u00ad',
      '\u200d',
      '\ufe0f',
      '\u{e0100}',
      '\u{e0067}',
      '\u3164',
      '\u2800',
      'क्',
      '🏴',
      ' ',
      '\u00a0',
      'A',
    );
    const oddText = fc.array(odd, { maxLength: 300 }).map((parts) => parts.join(''));
    const anything = fc.oneof(fc.string({ unit: 'binary', maxLength: 600 }), oddText, fc.double(), fc.anything());
    fc.assert(
      fc.property(anything, (given) => {
        const customerName = fitName(given);
        if (customerName === undefined) return;
        const accepted = packageInput.safeParse({ customerId: 7, customerName });
        expect(accepted.data?.customerName).toBe(customerName);
      }),
      { numRuns: 1_000 },
    );
  });
});
