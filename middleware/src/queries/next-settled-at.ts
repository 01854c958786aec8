import type { MiddlewareContext } from '../context.ts';

/** When the next post in doubt settles; undefined if none does within the settle time. */
export async function nextSettledAt({
  db,
  clock,
  settling,
}: Pick<MiddlewareContext, 'db' | 'clock' | 'settling'>): Promise<string | undefined> {
  const row = await db
    .selectFrom('deliveries')
    .select('due_at')
    .where('due_at', '<=', new Date(clock.now().getTime() + settling.waitMs).toISOString())
    .where('claimed_at', 'is', null)
    .where('doubt_at', 'is not', null)
    .orderBy('due_at')
    .limit(1)
    .executeTakeFirst();
  return row?.due_at ?? undefined;
}
