import type { DatabaseSync } from 'node:sqlite';

export type Row = {
  customer_id: number;
  customer_name: string;
  state: string;
  due_at: string | null;
  claimed_at: string | null;
  package_id: string | null;
  error: string | null;
  waits_used: number;
  posts: number;
};

/** Reads the ledger on the daemon's own connection, so that uncommitted rows are seen too. */
export function ledgerRows(database: DatabaseSync) {
  const one = database.prepare('select * from deliveries where customer_id = ?');
  const all = database.prepare('select * from deliveries order by customer_id');
  const sums = database.prepare(`
    select count(*) filter (where due_at is not null or claimed_at is not null) as waiting,
      count(*) filter (where report_pending = 1) as unreported,
      (select coalesce(max(last_seen_id), 0) from cursors) as cursor from deliveries`);
  const paused = database.prepare("select value from facts where name = 'paused'");
  const attempts = database.prepare(`
    select * from attempts where next_attempt_at is not null and duration_ms is not null order by customer_id, id`);
  return {
    one: (id: number) => one.get(id) as Row | undefined,
    all: () => all.all() as unknown as Row[],
    sums: () => sums.get() as { waiting: number; unreported: number; cursor: number },
    pausedSince: () => {
      const row = paused.get() as { value: string } | undefined;
      return row && (JSON.parse(row.value) as { since: string }).since;
    },
    attempts: () =>
      attempts.all() as {
        customer_id: number;
        started_at: string;
        duration_ms: number;
        next_attempt_at: string;
        error: string;
      }[],
    first: (where: string, ...values: string[]) =>
      database.prepare(`select * from deliveries where ${where} limit 1`).get(...values) as Row | undefined,
  };
}

export type Rows = ReturnType<typeof ledgerRows>;
