import { type OwnerLock, takeOwnerLock } from '@doorstep/kit/work/owner-lock.ts';

/** One daemon to a ledger. @throws StartError naming the one that is there. */
export function takeLedgerLock(url: string): Promise<OwnerLock> {
  return takeOwnerLock(url, 'middleware', {
    refusal: 'Another daemon works on this ledger already',
    advice: 'Stop it first.',
  });
}
