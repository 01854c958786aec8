import type { Memory } from './load.ts';
import type { Read } from './read-databases.ts';

export type Verdict = {
  customers: number;
  packages: number;
  /** Live customers without a package. */
  lost: number;
  /** Customers with more than one package. */
  doubled: number;
  /** Unfinished deliveries. */
  waiting: number;
  violations: string[];
};

type Customer = {
  id: number;
  name: string;
  email: string;
  is_deleted: number;
  integration_state: string;
  package_id: string | null;
  integration_attempts: number;
};
type Package = { id: number; customer_id: number; customer_name: string; package_type: string };
type Key = { key: string; package_id: number };
type Delivery = {
  customer_id: number;
  customer_name: string;
  state: string;
  is_claimed: number;
  report_pending: number;
  package_id: string | null;
  posts: number;
  error: string | null;
};
type Event = { customer_id: number; type: string };

/** The middleware's reason for a customer that was deleted before its package was requested. */
const departed = 'the CRM has this customer no longer';

/** Compares the three databases with the answers to the clients, and with each other. */
export async function judge(read: Read, memory: Memory): Promise<Verdict> {
  const stored = await readAll(read);
  const violations = [
    ...checkAmount(stored, memory),
    ...checkMemory(stored, memory),
    ...checkPackages(stored),
    ...checkLedger(stored),
    ...checkStatuses(stored),
    ...checkDeaths(stored),
    ...checkEvents(stored),
  ];
  const { customers, packagesOf, deliveries } = stored;
  const packages = [...packagesOf.values()];
  return {
    customers: customers.size,
    packages: packages.flat().length,
    lost: [...customers.values()].filter(({ id, is_deleted }) => is_deleted === 0 && !packagesOf.has(id)).length,
    doubled: packages.filter((own) => own.length > 1).length,
    waiting: [...deliveries.values()].filter(isWaiting).length,
    violations,
  };
}

type Stored = {
  customers: Map<number, Customer>;
  packagesOf: Map<number, Package[]>;
  keys: Key[];
  deliveries: Map<number, Delivery>;
  statuses: (number | null)[];
  deaths: string[];
  cursor: number;
  events: Event[];
};

async function readAll(read: Read): Promise<Stored> {
  const customers = await read<Customer>(
    'crm',
    `select id, name, email, case when deleted_at is null then 0 else 1 end as is_deleted, integration_state, package_id,
       integration_attempts from customers`,
  );
  const packages = await read<Package>(
    'inventory',
    // the Inventory keeps ids of other systems as text
    'select id, cast(customer_id as integer) as customer_id, customer_name, package_type from packages',
  );
  const keys = await read<Key>('inventory', 'select key, package_id from idempotency_keys');
  const deliveries = await read<Delivery>(
    'middleware',
    `select customer_id, customer_name, state, case when claimed_at is null then 0 else 1 end as is_claimed, report_pending, package_id,
       posts, error from deliveries`,
  );
  const statuses = await read<{ status: number | null }>('middleware', 'select distinct status from attempts');
  const deaths = await read<{ error: string }>(
    'middleware',
    'select distinct error from attempts where next_attempt_at is null and error is not null',
  );
  const [cursor] = await read<{ last_seen_id: number }>('middleware', 'select last_seen_id from cursors');
  const events = await read<Event>('crm', 'select customer_id, type from events order by id');
  return {
    customers: new Map(customers.map((row) => [row.id, row])),
    packagesOf: Map.groupBy(packages, (row) => row.customer_id),
    keys,
    deliveries: new Map(deliveries.map((row) => [row.customer_id, row])),
    statuses: statuses.map(({ status }) => status),
    deaths: deaths.map(({ error }) => error),
    cursor: cursor?.last_seen_id ?? 0,
    events,
  };
}

/** A run without customers or packages proves nothing. */
function checkAmount({ packagesOf }: Stored, { known }: Memory): string[] {
  return [
    ...(known.size === 0 ? ['no customer was confirmed'] : []),
    ...(packagesOf.size === 0 ? ['no package was created'] : []),
  ];
}

/** Every confirmed customer is stored, and no email belongs to two live customers. */
function checkMemory({ customers }: Stored, { known }: Memory): string[] {
  const wrong = [...known].flatMap(([id, { name, email, isDeleted }]) => {
    const row = customers.get(id);
    if (!row) return [`customer ${id} (${email}) was confirmed, but is not in the CRM`];
    if (row.email !== email || row.name !== name) {
      return [`customer ${id} is stored as ${row.name}, ${row.email}, but was confirmed as ${name}, ${email}`];
    }
    if (isDeleted === 'yes' && row.is_deleted === 0) return [`customer ${id} was deleted, but is still in the CRM`];
    if (isDeleted === 'no' && row.is_deleted === 1) return [`customer ${id} is deleted, but no client asked for that`];
    return [];
  });
  const live = [...customers.values()].filter(({ is_deleted }) => is_deleted === 0);
  const twice = [...Map.groupBy(live, ({ email }) => email)].filter(([, rows]) => rows.length > 1);
  return [...wrong, ...twice.map(([email, rows]) => `${email} is in the CRM ${rows.length} times`)];
}

function checkPackages({ customers, packagesOf, keys }: Stored): string[] {
  const violations: string[] = [];
  for (const { id, is_deleted } of customers.values()) {
    if (is_deleted === 0 && !packagesOf.has(id)) violations.push(`LOST: customer ${id} has no package`);
  }
  const packageIds = new Map<number, number>();
  for (const [customerId, own] of packagesOf) {
    if (own.length > 1) violations.push(`DOUBLED: customer ${customerId} has ${own.length} packages`);
    if (!customers.has(customerId))
      violations.push(`package ${own[0]?.id} is for customer ${customerId}, which was never in the CRM`);
    const name = customers.get(customerId)?.name;
    for (const { id, customer_name, package_type } of own) {
      packageIds.set(id, customerId);
      if (customer_name !== name)
        violations.push(`package ${id} is for ${customer_name}, but customer ${customerId} is ${name}`);
      if (package_type !== 'welcome_pack_v1') violations.push(`package ${id} has the type ${package_type}`);
    }
  }
  for (const { key, package_id } of keys) {
    const owner = packageIds.get(package_id);
    if (key !== `welcome-${owner}`)
      violations.push(`the key ${key} belongs to package ${package_id} of customer ${owner}`);
  }
  return violations;
}

const isWaiting = ({ state, is_claimed }: Delivery) => is_claimed === 1 || state === 'pending' || state === 'retrying';

/** The ledger has every customer, no delivery waits, and the Inventory and the CRM agree with the ledger. */
function checkLedger({ customers, packagesOf, deliveries, cursor }: Stored): string[] {
  const violations: string[] = [];
  for (const { id, is_deleted } of customers.values()) {
    if (is_deleted === 1) continue;
    if (!deliveries.has(id)) violations.push(`customer ${id} is not in the ledger`);
    if (id > cursor) violations.push(`customer ${id} is beyond the cursor, ${cursor}`);
  }
  for (const delivery of deliveries.values()) {
    const id = delivery.customer_id;
    const customer = customers.get(id);
    const packageId = packagesOf.get(id)?.[0]?.id;
    if (!customer) violations.push(`the ledger has customer ${id}, which was never in the CRM`);
    else if (customer.name !== delivery.customer_name) {
      violations.push(`customer ${id} is ${delivery.customer_name} in the ledger, but ${customer.name} in the CRM`);
    }
    if (isWaiting(delivery)) violations.push(`the delivery for customer ${id} is still ${delivery.state} at the end`);
    if (delivery.report_pending === 1) violations.push(`the delivery for customer ${id} was not reported to the CRM`);
    if (delivery.state === 'delivered' && delivery.package_id !== String(packageId)) {
      violations.push(
        `customer ${id} has package ${delivery.package_id} in the ledger, but ${packageId} in the Inventory`,
      );
    }
    const isAllowed = customer?.is_deleted === 1 && delivery.error === departed;
    if (delivery.state === 'dead' && !isAllowed) violations.push(`customer ${id} is dead: ${delivery.error}`);
    if (customer) violations.push(...checkReport(customer, delivery));
  }
  return violations;
}

/** Answers of a correct Inventory: a package, 408 to a request that was cut short, or 503 without its database. */
const allowedStatuses = [null, 200, 201, 408, 503];

function checkStatuses({ statuses }: Stored): string[] {
  const wrong = statuses.filter((status) => !allowedStatuses.includes(status));
  return wrong.map((status) => `an attempt was answered with ${status}`);
}

/** The only errors after which a delivery may have no further attempt: no injected fault is a customer's own. */
const allowedDeaths = [departed, 'interrupted before an answer was recorded'];

/** Reads the attempts, because a replay clears the state of a dead delivery, but keeps its attempts. */
function checkDeaths({ deaths }: Stored): string[] {
  return deaths.filter((error) => !allowedDeaths.includes(error)).map((error) => `a delivery was given up: ${error}`);
}

function checkReport(customer: Customer, { customer_id, state, package_id, posts }: Delivery): string[] {
  const reported = `${customer.integration_state} ${customer.package_id} ${customer.integration_attempts}`;
  const ledger = `${state === 'dead' ? 'failed' : state} ${package_id} ${posts}`;
  return reported === ledger ? [] : [`customer ${customer_id} is ${reported} in the CRM, but ${ledger} in the ledger`];
}

/** Each customer has one creation event, in id order, and one deletion event if it is deleted. */
function checkEvents({ customers, events }: Stored): string[] {
  const violations: string[] = [];
  const of = (type: string) => events.flatMap((event) => (event.type === type ? [event.customer_id] : []));
  const created = of('CustomerCreated');
  const deleted = of('CustomerDeleted');
  for (const [index, id] of created.entries()) {
    const before = created[index - 1] ?? 0;
    if (id <= before) violations.push(`the creation event of customer ${id} comes after that of customer ${before}`);
    if (!customers.has(id)) violations.push(`customer ${id} has an event, but is not in the CRM`);
  }
  const wasCreated = new Set(created);
  const timesDeleted = Map.groupBy(deleted, (id) => id);
  for (const { id, is_deleted } of customers.values()) {
    if (!wasCreated.has(id)) violations.push(`customer ${id} has no creation event`);
    const times = timesDeleted.get(id)?.length ?? 0;
    if (times !== is_deleted)
      violations.push(`customer ${id} has ${times} deletion events; there must be ${is_deleted}`);
  }
  return violations;
}
