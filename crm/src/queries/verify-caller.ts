import type { Claims } from '@doorstep/kit/auth/tokens.ts';
import type { CrmContext } from '../context.ts';
import { requireCurrent } from '../db/credentials.ts';

/**
 * Returns the claims of a token that is valid now.
 * @throws AppError `unauthorized`
 */
export async function verifyCaller({ db, tokens }: Pick<CrmContext, 'db' | 'tokens'>, token: string): Promise<Claims> {
  const claims = await tokens.verify(token);
  await requireCurrent(db, claims);
  return claims;
}
