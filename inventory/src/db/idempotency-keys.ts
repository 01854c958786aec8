import type { Kysely } from 'kysely';
import type { InventoryDatabase } from './schema.ts';

type KeyRow = InventoryDatabase['idempotency_keys'];

function findIdempotencyKey(db: Kysely<InventoryDatabase>, key: string) {
  return db.selectFrom('idempotency_keys').selectAll().where('key', '=', key).executeTakeFirst();
}

/** Gives the fingerprint that the key stands for from now on: the given one, or another that came first. */
export async function insertIdempotencyKey(db: Kysely<InventoryDatabase>, row: KeyRow): Promise<string> {
  const inserted = await db
    .insertInto('idempotency_keys')
    .values(row)
    .onConflict((conflict) => conflict.column('key').doNothing())
    .returning('fingerprint')
    .executeTakeFirst();
  const kept = inserted ?? (await findIdempotencyKey(db, row.key));
  return kept?.fingerprint ?? row.fingerprint;
}
