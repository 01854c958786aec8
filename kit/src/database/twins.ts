import { type Kysely, type RawBuilder, sql } from 'kysely';

// Rows whose keys became equal when a rule changed. The first keeps the key, and each later one has its id behind it, on a
// line of its own: no key of another row has a line break, so a unique index holds, and a new row still meets the first.

const betweenMark = '\n';
const behindMark = '\v';

/** A row whose key equals that of an earlier row. */
export type Twin = { id: number; first: number };

/** Bounds the memory for rows that are alike, however many there are. */
const twinsMax = 1000;

type Separation = {
  table: string;
  column: string;
  /** The rows of the unique index; by default all. */
  where?: RawBuilder<unknown>;
  /** Called with the twins whose keys have been changed, some at a time. */
  onTwins: (twins: Twin[]) => Promise<void>;
};

/** Makes the keys of a column unique, for a migration that then adds a unique index. */
export async function separateTwins(
  db: Kysely<never>,
  { table, column, where = sql`true`, onTwins }: Separation,
): Promise<void> {
  const key = sql.ref(column);
  for (;;) {
    const { rows } = await sql<Twin>`
      select id, first from
        (select id, min(id) over (partition by ${key}) as first from ${sql.table(table)} where ${where}) as keyed
      where id > first order by id limit ${sql.lit(twinsMax)}`.execute(db);
    if (rows.length === 0) return;
    await sql`update ${sql.table(table)} set ${key} = ${key} || ${betweenMark} || cast(id as text)
      where id in (${sql.join(rows.map(({ id }) => id))})`.execute(db);
    await onTwins(rows);
  }
}

/** Whether a column holds this key, or that of a twin. */
export function isKeyOrTwin(column: string, key: string): RawBuilder<boolean> {
  const stored = sql.ref(column);
  const [from, to] = [`${key}${betweenMark}`, `${key}${behindMark}`];
  return sql<boolean>`(${stored} = ${key} or (${stored} > ${from} and ${stored} < ${to}))`;
}
