import { DatabaseSync } from 'node:sqlite';
import type { CustomerKey } from '../delivery.ts';
import type { ListedPackage } from '../ports.ts';

export type ScratchCustomer = { key: CustomerKey; name: string; createdAt: string | undefined };
type Placed = ScratchCustomer & {
  /** In the order in which the CRM lists customers with text ids. */
  place: number;
};
export type ScratchPackage = { id: string; name: string | null; createdAt: string | null };
/** A customer with all of its packages. */
export type Pair = Placed & { packages: ScratchPackage[]; others: { id: string; type: string }[] };

/**
 * Both sides in a temporary file that SQLite deletes by itself: neither side fits into memory, and packages are not
 * sorted by customer. Keys that are numbers come first, in their order, and those that are text after them.
 */
export type Scratch = Disposable & {
  addCustomers(customers: ScratchCustomer[]): void;
  /** Packages with a customer of our source. */
  addPackages(packages: (ListedPackage & { customerId: CustomerKey })[]): void;
  /** The last key of the next step, `keysMax` customers or packages further on; undefined at the end. */
  nextStep(after: CustomerKey): CustomerKey | undefined;
  /** From above `after` up to `upTo`, here and below: customers without exactly one package under their own name. */
  unclear(after: CustomerKey, upTo: CustomerKey): Pair[];
  /** Packages of our type whose customer is not in the CRM. */
  strangers(after: CustomerKey, upTo: CustomerKey): { key: CustomerKey; packageIds: string; count: number }[];
  countCustomers(): number;
  placeOf(key: CustomerKey): number | undefined;
};

/** Limits how long one step blocks the event loop. */
const keysMax = 20_000;

const cachePages = 2_000; // of 4 KiB each

export function createScratch(): Scratch {
  const database = new DatabaseSync('');
  database.exec(`
    pragma journal_mode = off; pragma synchronous = off; pragma cache_size = ${cachePages};
    create table customers (key any primary key, name text, created_at text, place integer) strict, without rowid;
    create table packages (key any, id text, name text, created_at text, primary key (key, id)) strict, without rowid;
    create table others (key any, id text, type text, primary key (key, id)) strict, without rowid;
    begin`);
  const addCustomer = database.prepare('insert or ignore into customers values (?, ?, ?, ?)');
  const addPackage = database.prepare('insert or ignore into packages values (?, ?, ?, ?)');
  const addOther = database.prepare('insert or ignore into others values (?, ?, ?)');
  const count = database.prepare('select count(*) as count from customers');
  const placeOf = database.prepare('select place from customers where key = ?');
  const step = database.prepare(`
    select max(key) as key from (
      select key from (select key from customers where key > :after order by key limit ${keysMax})
      union all
      select key from (select key from packages where key > :after order by key limit ${keysMax})
    )`);
  const isClear = `
    (select count(*) = 1 and max(packages.name) is customers.name from packages where packages.key = customers.key)`;
  const unclear = database.prepare(`
    select key, name, created_at as createdAt, place,
        (select json_group_array(json_object('id', id, 'name', name, 'createdAt', created_at) order by length(id), id)
          from packages where packages.key = customers.key) as packages,
        (select json_group_array(json_object('id', id, 'type', type)) from others where others.key = customers.key)
          as others
      from customers where key > ? and key <= ? and not ${isClear} order by key`);
  const strangers = database.prepare(`
    select key, group_concat(id, ', ') as packageIds, count(*) as count from packages
      where key > ? and key <= ? and not exists (select 1 from customers where customers.key = packages.key)
      group by key`);
  let places = 0;
  return {
    addCustomers(customers) {
      for (const { key, name, createdAt } of customers) {
        places += 1;
        addCustomer.run(key, name, createdAt ?? null, places);
      }
    },
    addPackages(packages) {
      for (const { customerId, id, otherType, bears } of packages) {
        if (otherType !== undefined) addOther.run(customerId, String(id), otherType);
        else addPackage.run(customerId, String(id), bears?.name ?? null, bears?.createdAt ?? null);
      }
    },
    nextStep: (after) => (step.get({ after })?.['key'] as CustomerKey | null) ?? undefined,
    unclear: (after, upTo) => unclear.all(after, upTo).map(toPair),
    strangers: (after, upTo) => strangers.all(after, upTo) as ReturnType<Scratch['strangers']>,
    countCustomers: () => count.get()?.['count'] as number,
    placeOf: (key) => placeOf.get(key)?.['place'] as number | undefined,
    [Symbol.dispose]: () => database.close(),
  };
}

function toPair(row: Record<string, unknown>): Pair {
  return {
    key: row['key'] as CustomerKey,
    name: row['name'] as string,
    createdAt: (row['createdAt'] as string | null) ?? undefined,
    place: row['place'] as number,
    packages: JSON.parse(row['packages'] as string),
    others: JSON.parse(row['others'] as string),
  };
}
