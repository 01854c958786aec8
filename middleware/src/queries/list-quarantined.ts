import type { MiddlewareContext } from '../context.ts';

/** From above `after`, in id order. One more than `limit` shows the caller that there are more. */
export function listQuarantined(
  { db }: Pick<MiddlewareContext, 'db'>,
  { after, limit }: { after: number; limit: number },
) {
  return db
    .selectFrom('quarantine')
    .select(['id', 'entry', 'reason', 'seen_at'])
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit + 1)
    .execute();
}
