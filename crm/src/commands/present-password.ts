import { AppError } from '@doorstep/kit/errors.ts';
import type { AccountChange } from '../customer.ts';
import type { CustomerRow } from '../db/customers.ts';
import type { Work } from '../password-work.ts';

// A token that was stolen must not become a password: whoever has only the token cannot change what logs the owner in.

/** Whether the customer would log in with another password or another email. */
export function changesLogin(before: CustomerRow, { password, email }: AccountChange): boolean {
  return password !== undefined || (email !== undefined && email !== before.email);
}

/** @throws AppError `unauthorized` if there is no `current_password`. */
export function requireGivenPassword({ current_password }: AccountChange): void {
  if (current_password !== undefined) return;
  throw refusal('A change of your own password or email takes current_password, your present password', 'is required');
}

/**
 * Returns the stored hash that `current_password` matches.
 * @throws AppError `unauthorized` if it is wrong.
 */
export async function requireRightPassword(
  { verify }: Work,
  { password_hash }: CustomerRow,
  { current_password = '' }: AccountChange,
): Promise<string> {
  if ((await verify(current_password, password_hash ?? undefined)) && password_hash !== null) return password_hash;
  throw wrong();
}

/** @throws AppError `unauthorized` unless the stored hash is still the one that `requireRightPassword` returned. */
export function requireProof({ password_hash }: CustomerRow, proven: string | undefined): void {
  if (proven === undefined || password_hash !== proven) throw wrong();
}

function wrong(): AppError {
  return refusal('current_password is not your present password', 'is wrong');
}

function refusal(sentence: string, message: string): AppError {
  return new AppError('unauthorized', sentence, { errors: [{ field: 'current_password', message }] });
}
