import { type OwnerLock, takeOwnerLock } from '@doorstep/kit/work/owner-lock.ts';

/** Allows one daemon per ledger. @throws StartError that names the running one. */
export function takeLedgerLock(url: string): Promise<OwnerLock> {
  return takeOwnerLock(url, 'middleware', {
    refusal: 'Another daemon already uses this ledger',
    advice: 'Stop it first.',
  });
}
