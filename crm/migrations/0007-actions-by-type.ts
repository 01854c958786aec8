import type { Kysely } from 'kysely';

/** For `GET /actions?action_type=…`. */
export async function up(db: Kysely<never>): Promise<void> {
  await db.schema.createIndex('actions_by_action_type').on('actions').columns(['action_type', 'id']).execute();
}
