import { DatabaseSync } from 'node:sqlite';

/**
 * What a cron script would do: reads all customers, posts a package for each unseen one, and records that on disk
 * before it goes on. Posts `atOnce` packages at a time.
 */
const [crm = '', inventory = '', file = '', atOnce = '1'] = process.argv.slice(2);
const seen = new DatabaseSync(file);
seen.exec(
  'pragma journal_mode = wal; pragma synchronous = full; create table if not exists seen (id integer primary key)',
);
const isSeen = seen.prepare('select 1 from seen where id = ?');
const remember = seen.prepare('insert into seen (id) values (?)');

type Customer = { id: number; name: string };

async function readAll(): Promise<Customer[]> {
  const customers: Customer[] = [];
  for (;;) {
    const response = await fetch(`${crm}/customers?after=${customers.at(-1)?.id ?? 0}`);
    const page = (await response.json()) as Customer[];
    customers.push(...page);
    if (!response.headers.has('Link')) return customers;
  }
}

async function post({ id, name }: Customer): Promise<void> {
  const response = await fetch(`${inventory}/packages`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ customerId: id, customerName: name, packageType: 'welcome_pack_v1' }),
  });
  await response.json();
  if (!response.ok) throw new Error(`the Inventory answered ${response.status}`);
  remember.run(id);
}

const rest = (await readAll()).filter(({ id }) => !isSeen.get(id)).values();
await Promise.all(
  Array.from({ length: Number(atOnce) }, async () => {
    for (const customer of rest) await post(customer);
  }),
);
process.exit(0);
