import { jsonTable } from '@doorstep/kit/database/json-table.ts';
import type { Kysely } from 'kysely';
import type { InventoryDatabase } from './schema.ts';

const columns = { key: 'text', package_id: 'bigint', fingerprint: 'text' } as const;
const names = Object.keys(columns) as (keyof typeof columns)[];

/** The fingerprints of the given keys that are stored. */
export async function findFingerprints(db: Kysely<InventoryDatabase>, keys: string[]): Promise<Map<string, string>> {
  if (keys.length === 0) return new Map();
  const asked = jsonTable(
    db,
    keys.map((key) => ({ key })),
    { key: 'text' },
  );
  const rows = await db
    .selectFrom('idempotency_keys')
    .select(['key', 'fingerprint'])
    .where('key', 'in', (eb) => eb.selectFrom(asked.as('asked')).select('key'))
    .execute();
  return new Map(rows.map(({ key, fingerprint }) => [key, fingerprint]));
}

export async function insertIdempotencyKeys(
  db: Kysely<InventoryDatabase>,
  rows: InventoryDatabase['idempotency_keys'][],
): Promise<void> {
  if (rows.length === 0) return;
  await db
    .insertInto('idempotency_keys')
    .columns(names)
    .expression((eb) => eb.selectFrom(jsonTable(db, rows, columns).as('kept')).select(names))
    .execute();
}
