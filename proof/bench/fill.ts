import { join } from 'node:path';
import { openDatabase } from '@doorstep/kit/database/open.ts';
import { isPostgresUrl } from '@doorstep/kit/database/postgres-address.ts';
import { type Kysely, sql } from 'kysely';
import { programs } from './processes.ts';

/** How many customers to insert, either all with a package or all waiting. */
export type Filling = { customers: number; delivered: boolean };

/** Rows per statement, because a statement has ten seconds. */
const chunkMax = 20_000;

/**
 * Fills the databases of the three services with plain SQL. `place` is a folder of SQLite files or a PostgreSQL URL.
 */
export async function fill(place: string, { customers, delivered }: Filling): Promise<void> {
  for (const schema of ['crm', 'inventory', 'middleware'] as const) {
    const url = isPostgresUrl(place) ? place : join(place, `${schema}.db`);
    const migrations = join(programs[schema], '../../migrations');
    const database = await openDatabase<never>({ url, schema, migrations, onError: () => undefined });
    for (let first = 1; first <= customers; first += chunkMax) {
      const last = Math.min(first + chunkMax - 1, customers);
      await database.write((trx) => fillers[schema](trx, { first, last, delivered }));
    }
    if (isPostgresUrl(place)) await sql`analyze`.execute(database.db);
    await database.check(); // Kysely does not close a connection that was never used
    await database.close();
  }
}

type Range = { first: number; last: number; delivered: boolean };

const at = sql.lit('2026-01-31T12:00:00.000Z');
const type = sql.lit('welcome_pack_v1');

const range = ({ first, last }: Range) =>
  sql`with recursive range(i) as (select ${sql.lit(first)} union all select i + 1 from range where i < ${sql.lit(last)})`;

const fillers = {
  async crm(db: Kysely<never>, wanted: Range) {
    const state = sql.lit(wanted.delivered ? 'delivered' : 'pending');
    const packageId = wanted.delivered ? sql`cast(i as text)` : sql`null`;
    await sql`insert into customers (name, email, email_key, search_key, created_at, integration_state, package_id,
        integration_attempts, integration_updated_at) ${range(wanted)}
      select 'Customer ' || i, 'customer-' || i || '@example.com', 'customer-' || i || '@example.com',
        'customer ' || i || ' customer-' || i || '@example.com', ${at}, ${state}, ${packageId}, 0, ${at}
      from range`.execute(db);
  },
  async inventory(db: Kysely<never>, wanted: Range) {
    if (!wanted.delivered) return;
    await sql`insert into packages (customer_id, customer_name, package_type, status, created_at) ${range(wanted)}
      select i, 'Customer ' || i, ${type}, 'received', ${at} from range`.execute(db);
    await sql`insert into idempotency_keys (key, package_id, fingerprint) ${range(wanted)}
      select 'welcome-' || i, i, 'the fingerprint of a request, forty-three long' from range`.execute(db);
  },
  async middleware(db: Kysely<never>, wanted: Range) {
    if (!wanted.delivered) return;
    await sql`insert into deliveries (customer_id, customer_name, customer_created_at, state, attempts, before_post,
        package_id, report_pending, recorded_at, updated_at) ${range(wanted)}
      select i, 'Customer ' || i, ${at}, 'delivered', 1, 'nothing', cast(i as text), 0, ${at}, ${at} from range`.execute(
      db,
    );
    await sql`insert into attempts (customer_id, started_at, duration_ms, status) ${range(wanted)}
      select i, ${at}, 1, 201 from range`.execute(db);
    await sql`insert into cursors (name, last_seen_id) values ('customers', ${sql.lit(wanted.last)})
      on conflict (name) do update set last_seen_id = excluded.last_seen_id`.execute(db);
  },
};
