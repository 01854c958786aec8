import { createHash } from 'node:crypto';
import { jsonTable } from '@doorstep/kit/database/json-table.ts';
import { AppError } from '@doorstep/kit/errors.ts';
import type { Kysely } from 'kysely';
import type { InventoryDatabase } from './schema.ts';

type KeyRow = InventoryDatabase['idempotency_keys'];

const columns = { key: 'text', package_id: 'bigint', fingerprint: 'text', answer: 'text' } as const;
const names = Object.keys(columns) as (keyof typeof columns)[];

/** Equal for equal requests: an array for a package, an object for any other change. */
export function fingerprintOf(request: object): string {
  return createHash('sha256').update(JSON.stringify(request)).digest('base64url');
}

export function usedOtherwise(): AppError {
  return new AppError('unprocessable', 'This Idempotency-Key was already used for a different request');
}

/** The given keys that are stored. */
export async function findKeys(
  db: Kysely<InventoryDatabase>,
  keys: string[],
): Promise<Map<string, Pick<KeyRow, 'fingerprint' | 'answer'>>> {
  if (keys.length === 0) return new Map();
  const asked = jsonTable(
    db,
    keys.map((key) => ({ key })),
    { key: 'text' },
  );
  const rows = await db
    .selectFrom('idempotency_keys')
    .select(['key', 'fingerprint', 'answer'])
    .where('key', 'in', (eb) => eb.selectFrom(asked.as('asked')).select('key'))
    .execute();
  return new Map(rows.map(({ key, ...use }) => [key, use]));
}

export async function insertIdempotencyKeys(db: Kysely<InventoryDatabase>, rows: KeyRow[]): Promise<void> {
  if (rows.length === 0) return;
  await db
    .insertInto('idempotency_keys')
    .columns(names)
    .expression((eb) => eb.selectFrom(jsonTable(db, rows, columns).as('kept')).select(names))
    .execute();
}
