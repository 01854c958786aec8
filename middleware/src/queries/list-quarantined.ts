import type { MiddlewareContext } from '../context.ts';

/** Quarantined entries with an id above `after`, in id order: one more than `limit`, where there is one. */
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
