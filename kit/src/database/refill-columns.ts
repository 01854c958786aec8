import { type Kysely, sql } from 'kysely';
import { jsonTable } from './json-table.ts';

type Refill<Source extends string, Target extends string> = {
  table: string;
  from: readonly Source[];
  into: readonly Target[];
  compute: (row: Record<Source, string>) => Record<Target, string | null>;
};

/** Rows per statement: a million rows pass through in steps that fit into memory. */
const rowsMax = 1000;

/**
 * Computes text columns of every row anew, from other columns of the row, and writes the rows that change. For
 * migrations. It is fastest without indexes on these columns.
 */
export async function refillColumns<Source extends string, Target extends string>(
  db: Kysely<never>,
  { table, from, into, compute }: Refill<Source, Target>,
): Promise<void> {
  const columns = ['id', ...from, ...into].map((column) => sql.ref(column));
  for (let after = 0; ; ) {
    const { rows: read } = await sql<{ id: number } & Record<Source, string> & Record<Target, string | null>>`
      select ${sql.join(columns)} from ${sql.table(table)} where id > ${after} order by id limit ${rowsMax}`.execute(
      db,
    );
    const last = read.at(-1);
    if (!last) return;
    const changed = read.flatMap((row) => {
      const values = compute(row);
      return into.some((column) => values[column] !== row[column]) ? [{ id: row.id, ...values }] : [];
    });
    if (changed.length > 0) await writeTexts(db, { table, into, changed });
    after = last.id;
  }
}

type Changed = { table: string; into: readonly string[]; changed: ({ id: number } & Record<string, string | null>)[] };

async function writeTexts(db: Kysely<never>, { table, into, changed }: Changed): Promise<void> {
  const columns = Object.fromEntries(into.map((column) => [column, 'text' as const]));
  const values = jsonTable(db, changed, { id: 'bigint', ...columns } as never);
  const assignments = into.map((column) => sql`${sql.ref(column)} = ${sql.ref(`changed.${column}`)}`);
  await sql`update ${sql.table(table)} set ${sql.join(assignments)} from ${values} as changed
    where changed.id = ${sql.ref(`${table}.id`)}`.execute(db);
}
