import type { Notice } from '@doorstep/kit/database/migrate.ts';
import { refillColumns } from '@doorstep/kit/database/refill-columns.ts';
import { separateTwins, type Twin } from '@doorstep/kit/database/twins.ts';
import { emailKey, seenForm } from '@doorstep/kit/text/fold.ts';
import { type Kysely, sql } from 'kysely';
import { searchKey } from '../src/customer.ts';

/**
 * Emails that look alike are one, and a search ignores accents. Customers whose emails become the same are all kept: the
 * first one has the email, and nobody else gets it.
 */
export async function up(db: Kysely<never>, onNotice: Notice): Promise<void> {
  // without indexes, rows may have equal keys for a while, and a change of a key is faster
  await sql`drop index customers_email_key`.execute(db);
  await sql`drop index customers_by_name`.execute(db);
  await refillColumns(db, {
    table: 'customers',
    from: ['name', 'email'],
    into: ['email_key', 'search_key'],
    compute: (customer) => ({ email_key: emailKey(customer.email), search_key: searchKey(customer) }),
  });
  await separateTwins(db, {
    table: 'customers',
    column: 'email_key',
    where: sql`deleted_at is null`,
    onTwins: (twins) => reportTwins(db, twins, onNotice),
  });
  await sql`create unique index customers_email_key on customers (email_key) where deleted_at is null`.execute(db);
  await sql`create index customers_by_name on customers (search_key, id, deleted_at)`.execute(db);
  await renameAdmins(db);
}

async function reportTwins(db: Kysely<never>, twins: Twin[], onNotice: Notice): Promise<void> {
  const ids = twins.flatMap(({ id, first }) => [id, first]);
  const { rows } = await sql<{ id: number; email: string }>`
    select id, email from customers where id in (${sql.join(ids)})`.execute(db);
  const emails = new Map(rows.map(({ id, email }) => [id, email]));
  for (const { id, first } of twins) {
    onNotice(
      `customer ${id} (${emails.get(id)}) has the same email as customer ${first} (${emails.get(first)}) now; both are kept. Give one of them another email, or delete it`,
    );
  }
}

/** The admin's name is compared in one form. An earlier admin who already has that form keeps it. */
async function renameAdmins(db: Kysely<never>): Promise<void> {
  const { rows } = await sql<{ id: number; username: string }>`select id, username from admins`.execute(db);
  const taken = new Set(rows.map(({ username }) => username));
  for (const { id, username } of rows) {
    const form = seenForm(username);
    if (taken.has(form)) continue;
    taken.add(form);
    await sql`update admins set username = ${form} where id = ${id}`.execute(db);
  }
}
