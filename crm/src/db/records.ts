import { AppError } from '@doorstep/kit/errors.ts';
import type { Kysely, Transaction } from 'kysely';
import type { RecordKind, RecordRow, RecordTable, RecordValues } from '../record.ts';
import type { CrmDatabase } from './schema.ts';

/** The same statements serve all three tables, so Kysely cannot know the columns. */
type AnyTable = Record<RecordTable, RecordRow>;

export function recordsIn(db: Kysely<CrmDatabase>): Kysely<AnyTable> {
  return db as unknown as Kysely<AnyTable>;
}

export function findRecord(db: Kysely<CrmDatabase>, table: RecordTable, id: number): Promise<RecordRow | undefined> {
  return recordsIn(db).selectFrom(table).selectAll().where('id', '=', id).$castTo<RecordRow>().executeTakeFirst();
}

/** @throws AppError `not_found` */
export async function requireRecord(
  db: Kysely<CrmDatabase>,
  { table, noun }: RecordKind,
  id: number,
): Promise<RecordRow> {
  const row = await findRecord(db, table, id);
  if (!row) throw new AppError('not_found', `${noun} not found`);
  return row;
}

export function insertRecord(
  trx: Transaction<CrmDatabase>,
  table: RecordTable,
  values: RecordValues,
): Promise<RecordRow> {
  return recordsIn(trx)
    .insertInto(table)
    .values(values as RecordRow)
    .returningAll()
    .$castTo<RecordRow>()
    .executeTakeFirstOrThrow();
}

export function updateRecord(
  trx: Transaction<CrmDatabase>,
  { table, id }: { table: RecordTable; id: number },
  change: RecordValues,
): Promise<RecordRow> {
  return recordsIn(trx)
    .updateTable(table)
    .set(change)
    .where('id', '=', id)
    .returningAll()
    .$castTo<RecordRow>()
    .executeTakeFirstOrThrow();
}

/** Foreign keys set the references to the record to null. */
export async function deleteRecord(trx: Transaction<CrmDatabase>, table: RecordTable, id: number): Promise<void> {
  await recordsIn(trx).deleteFrom(table).where('id', '=', id).execute();
}
