import { jsonTable } from '@doorstep/kit/database/json-table.ts';
import type { Kysely, Transaction } from 'kysely';
import { isNumber, numberMax } from '../customer-key.ts';
import type { CustomerKey } from '../delivery.ts';
import type { LedgerDatabase } from './schema.ts';

// The ledger numbers its customers, and that number stays inside: everyone else knows them by their keys.

type Named = { customer_id: number; customer_key: string | null };

export function keyOf({ customer_id, customer_key }: Named): CustomerKey {
  return customer_key ?? customer_id;
}

/** The number of a customer; undefined for a text that no poll has seen. */
export async function numberOf(db: Kysely<LedgerDatabase>, key: CustomerKey): Promise<number | undefined> {
  if (isNumber(key)) return key;
  return (await numbersOf(db, [key])).get(key);
}

/** The numbers of those texts that have a delivery. */
export async function numbersOf(db: Kysely<LedgerDatabase>, keys: string[]): Promise<Map<string, number>> {
  if (keys.length === 0) return new Map();
  const asked = jsonTable(
    db,
    keys.map((key) => ({ key })),
    { key: 'text' },
  ).as('asked');
  const rows = await db
    .selectFrom('deliveries')
    .select(['customer_id', 'customer_key'])
    .where('customer_key', 'in', (eb) => eb.selectFrom(asked).select('key'))
    .execute();
  return new Map(rows.map((row) => [row.customer_key as string, row.customer_id]));
}

/** Gives a number to each text that has none, in this order. */
export async function numberNew(trx: Transaction<LedgerDatabase>, keys: string[]): Promise<Map<string, number>> {
  if (keys.length === 0) return new Map();
  const known = await numbersOf(trx, keys);
  const { last } = await trx
    .selectFrom('deliveries')
    .select((eb) => eb.fn.max('customer_id').as('last'))
    .where('customer_id', '>', numberMax)
    .executeTakeFirstOrThrow();
  const fresh = [...new Set(keys)].filter((key) => !known.has(key));
  const first = Math.max(Number(last ?? 0), numberMax) + 1;
  return new Map(fresh.map((key, index) => [key, first + index]));
}
