import { AppError } from '@doorstep/kit/errors.ts';
import type { CrmContext } from '../context.ts';
import { findAdmin } from '../db/admins.ts';
import { verifyPassword } from '../password.ts';

/** @throws AppError `unauthorized`, the same whatever was wrong. */
export async function logIn(
  { db, tokens, tokenExpiresSeconds }: CrmContext,
  { username, password }: { username: string; password: string },
) {
  const admin = await findAdmin(db, username);
  if (!(await verifyPassword(password, admin?.password_hash))) {
    throw new AppError('unauthorized', 'Wrong username or password');
  }
  const claims = { subject: username, role: 'admin' };
  const access_token = await tokens.sign(claims, tokenExpiresSeconds);
  return { access_token, token_type: 'Bearer', expires_in: tokenExpiresSeconds };
}
