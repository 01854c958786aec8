import type { Kysely, Transaction } from 'kysely';
import type { CustomerKey } from '../delivery.ts';
import type { Pause } from '../pause.ts';
import type { Reconciliation } from '../reconcile/reconciliation.ts';
import { describeStrangers, type Strangers } from '../strangers.ts';
import type { LedgerDatabase } from './schema.ts';

export type Facts = {
  /** Text: the time of a pause that an earlier release has stored. */
  paused: Pause | string;
  /** Ids that belong to other people than when they were recorded. */
  strangers: Strangers;
  /** The operations port of the daemon that started last. */
  daemon: { url: string };
  reconciliation: Reconciliation;
  /** Where this ledger began; `upTo`: the highest id at that moment; `ignored`: another START_FROM that was given later. */
  start: { startFrom: string; upTo: number; isTold: boolean; ignored?: string };
  /** Where a list with text ids, which has no order by id, was read to. */
  lastListed: CustomerKey;
  /** The SOURCE_NAME of the customers in the ledger; absent if they have none. */
  source: { name: string };
  /** Every PACKAGE_TYPE that the ledger was used with. */
  packageTypes: string[];
};

export async function readFact<Name extends keyof Facts>(
  db: Kysely<LedgerDatabase>,
  name: Name,
): Promise<Facts[Name] | undefined> {
  return (await readFacts(db, [name]))[name];
}

/** Several facts in one query. */
export async function readFacts<Name extends keyof Facts>(
  db: Kysely<LedgerDatabase>,
  names: Name[],
): Promise<Partial<Pick<Facts, Name>>> {
  const rows = await db.selectFrom('facts').select(['name', 'value']).where('name', 'in', names).execute();
  return Object.fromEntries(rows.map(({ name, value }) => [name, JSON.parse(value)])) as Partial<Pick<Facts, Name>>;
}

/** The pause of deliveries; undefined if they go on. Strangers come first: a "resume" alone does not end that. */
export async function readPause(db: Kysely<LedgerDatabase>): Promise<Pause | undefined> {
  const { strangers, paused } = await readFacts(db, ['strangers', 'paused']);
  if (strangers) return { since: strangers.since, by: 'doorstep', reason: describeStrangers(strangers) };
  return typeof paused === 'string' ? { since: paused, by: 'operator', reason: null } : paused;
}

export async function writeFact<Name extends keyof Facts>(
  trx: Transaction<LedgerDatabase>,
  name: Name,
  fact: Facts[Name],
): Promise<void> {
  const value = JSON.stringify(fact);
  await trx
    .insertInto('facts')
    .values({ name, value })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
    .execute();
}

export async function forgetFact(trx: Transaction<LedgerDatabase>, name: keyof Facts): Promise<void> {
  await trx.deleteFrom('facts').where('name', '=', name).execute();
}
