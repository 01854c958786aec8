import { pathToFileURL } from 'node:url';

/**
 * The same work by pg-boss: one job per customer, keyed by the customer, and a worker that takes jobs in batches as
 * fast as it can and posts 16 packages at once. Prints a line when every customer has a package.
 */
const [file = '', databaseUrl = '', crm = '', inventory = '', expected = '0'] = process.argv.slice(2);
const { PgBoss } = await import(pathToFileURL(file).href);

const queue = 'welcome-packages';
const batchSize = 500;
const atOnce = 16;

type Customer = { id: number; name: string };
type Job = { data: Customer };

const boss = new PgBoss(databaseUrl);
boss.on('error', (error: Error) => process.stderr.write(`${error.message}\n`));
await boss.start();
// at most one open job per customer
await boss.createQueue(queue, { policy: 'exclusive' });
process.stdout.write('started\n');
let posted = 0;
let working: Promise<string> | undefined;
await poll();
await working;

async function poll(): Promise<void> {
  for (let after = 0; ; ) {
    const response = await fetch(`${crm}/customers?after=${after}&limit=${batchSize}`);
    const customers = (await response.json()) as Customer[];
    const last = customers.at(-1);
    if (!last) return;
    await boss.insert(
      queue,
      customers.map(({ id, name }) => ({ data: { id, name }, singletonKey: String(id) })),
    );
    // starts after the first jobs exist, or it would wait for one polling interval
    working ??= boss.work(queue, { batchSize, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5 }, deliver);
    after = last.id;
  }
}

async function deliver(jobs: Job[]): Promise<void> {
  const rest = jobs.values();
  const client = async () => {
    for (const { data } of rest) await post(data);
  };
  await Promise.all(Array.from({ length: atOnce }, client));
  posted += jobs.length;
  if (posted < Number(expected)) return;
  process.stdout.write('all are posted\n');
  // jobs are complete only once this has returned
  setImmediate(() => boss.stop().then(() => process.exit(0)));
}

async function post({ id, name }: Customer): Promise<void> {
  const response = await fetch(`${inventory}/packages`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': `welcome-${id}` },
    body: JSON.stringify({ customerId: id, customerName: name, packageType: 'welcome_pack_v1' }),
  });
  await response.json();
  if (!response.ok) throw new Error(`the Inventory answered ${response.status}`);
}
