import type { Claims } from '@doorstep/kit/auth/tokens.ts';
import type { Turn } from '@doorstep/kit/work/turns.ts';

export const tooManyPasswords = {
  503: { description: 'The storage is not available, or too many passwords are being checked at the moment' },
};

type Request = { caller: Claims | undefined; isKnownAddress: boolean; signal: AbortSignal };

/** A flood of strangers must not keep out the admin, nor an owner at a known address. */
export function turnOf({ caller, isKnownAddress, signal }: Request): Turn {
  return { goesFirst: caller?.role === 'admin' || isKnownAddress, signal };
}
