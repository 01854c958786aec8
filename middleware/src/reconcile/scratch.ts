import { DatabaseSync } from 'node:sqlite';
import type { PackageId } from '../delivery.ts';

/**
 * Both sides in a temporary file that SQLite deletes by itself: neither side fits into memory, and packages are not
 * sorted by customer.
 */
export type Scratch = Disposable & {
  addCustomers(customerIds: number[]): void;
  addPackages(packages: { customerId: number; id: PackageId }[]): void;
  /** The last id of the next step, `idsMax` customers or packages further on; undefined at the end. */
  nextStep(after: number): number | undefined;
  /** From above `after` up to `upTo`, here and below. */
  missing(after: number, upTo: number): number[];
  double(after: number, upTo: number): { customerId: number; packageIds: string; isCustomer: boolean }[];
  /** Packages whose customer is not in the CRM. */
  ownerless(after: number, upTo: number): { customerId: number; packageIds: string }[];
  countCustomers(): number;
  /** The highest customer id; 0 without customers. */
  lastCustomer(): number;
};

/** Limits how long one step blocks the event loop. */
const idsMax = 20_000;

const cachePages = 2_000; // of 4 KiB each

export function createScratch(): Scratch {
  const database = new DatabaseSync('');
  database.exec(`
    pragma journal_mode = off; pragma synchronous = off; pragma cache_size = ${cachePages};
    create table customers (id integer primary key) strict;
    create table packages (customer_id integer, id text, primary key (customer_id, id)) strict, without rowid;
    begin`);
  const addCustomer = database.prepare('insert or ignore into customers values (?)');
  const addPackage = database.prepare('insert or ignore into packages values (?, ?)');
  const count = database.prepare('select count(*) as count from customers');
  const last = database.prepare('select max(id) as id from customers');
  const step = database.prepare(`
    select max(id) as id from (
      select id from (select id from customers where id > :after order by id limit ${idsMax})
      union all
      select id from (select customer_id as id from packages where customer_id > :after order by customer_id limit ${idsMax})
    )`);
  const missing = database.prepare(`
    select id from customers where id > ? and id <= ?
      and not exists (select 1 from packages where customer_id = customers.id) order by id`);
  const double = database.prepare(`
    select customer_id as customerId, group_concat(id, ', ') as packageIds,
        exists (select 1 from customers where id = customer_id) as isCustomer
      from packages where customer_id > ? and customer_id <= ? group by customer_id having count(*) > 1`);
  const ownerless = database.prepare(`
    select customer_id as customerId, group_concat(id, ', ') as packageIds from packages
      where customer_id > ? and customer_id <= ?
        and not exists (select 1 from customers where id = customer_id) group by customer_id`);
  return {
    addCustomers(customerIds) {
      for (const id of customerIds) addCustomer.run(id);
    },
    addPackages(packages) {
      for (const { customerId, id } of packages) addPackage.run(customerId, String(id));
    },
    nextStep: (after) => (step.get({ after })?.['id'] as number | null) ?? undefined,
    missing: (after, upTo) => missing.all(after, upTo).map(({ id }) => id as number),
    double: (after, upTo) =>
      double.all(after, upTo).map(({ customerId, packageIds, isCustomer }) => ({
        customerId: customerId as number,
        packageIds: packageIds as string,
        isCustomer: isCustomer === 1,
      })),
    ownerless: (after, upTo) => ownerless.all(after, upTo) as { customerId: number; packageIds: string }[],
    lastCustomer: () => (last.get()?.['id'] as number | null) ?? 0,
    countCustomers: () => count.get()?.['count'] as number,
    [Symbol.dispose]: () => database.close(),
  };
}
