import { argon2Sync, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { openDatabase } from '@doorstep/kit/database/open.ts';
import type { Running } from '@doorstep/kit/process/lifecycle.ts';
import { call } from '@doorstep/kit/test/call.ts';
import { copiesOf, type DatabaseKind, type FreshDatabase, startedPatiently } from '@doorstep/kit/test/databases.ts';
import { readCrmConfig } from '../src/config.ts';
import { startCrm } from '../src/crm.ts';
import type { Customer } from '../src/customer.ts';
import { insertAdmin } from '../src/db/admins.ts';
import type { CrmDatabase } from '../src/db/schema.ts';

type Environment = Record<string, string>;

export const adminPassword = 'correct horse battery staple';

/** The settings of a CRM on this database, in this process or its own. */
export function crmEnvironment({ url, dataDir }: FreshDatabase, environment: Environment = {}): Environment {
  const settings = { DATABASE_URL: url, DATA_DIR: dataDir, PORT: '0', LOG_LEVEL: 'error' };
  return { ...settings, ADMIN_PASSWORD: adminPassword, ...environment };
}

/** A database whose admin exists already, with a hash that costs nothing: to make a proper one is most of a start. */
export const databaseWithAdmin = copiesOf(async (fresh) => {
  await using database = await openCrmDatabase(fresh);
  const password_hash = cheapHash(adminPassword);
  await insertAdmin(database.db, { username: 'admin', password_hash, created_at: new Date().toISOString() });
});

export function cheapHash(password: string): string {
  const salt = Buffer.alloc(16);
  const cost = { memory: 8, passes: 1, parallelism: 1 };
  const tag = argon2Sync('argon2id', { message: password, nonce: salt, tagLength: 32, ...cost });
  const [encodedSalt, encodedTag] = [salt, tag].map((bytes) => bytes.toString('base64').replace(/=+$/, ''));
  return `$argon2id$v=19$m=8,t=1,p=1$${encodedSalt}$${encodedTag}`;
}

/** A CRM on a database of its own; both are gone when it is disposed of. */
export async function startTestCrm(kind: DatabaseKind, environment: Environment = {}) {
  await using resources = new AsyncDisposableStack();
  const database = resources.use(await databaseWithAdmin(kind));
  const { url } = resources.use(await startCrmOn(database, environment));
  const owned = resources.move();
  return { url, database, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

export type TestCrm = Awaited<ReturnType<typeof startTestCrm>>;

export function startCrmOn(database: FreshDatabase, environment: Environment = {}): Promise<Running> {
  const config = readCrmConfig(crmEnvironment(database, environment));
  return startedPatiently(() => startCrm(config));
}

/** A separate connection to a CRM's database. */
export async function openCrmDatabase({ url }: FreshDatabase) {
  const migrations = join(import.meta.dirname, '../migrations');
  const database = await openDatabase<CrmDatabase>({ url, schema: 'crm', migrations, onError: () => undefined });
  return { ...database, [Symbol.asyncDispose]: database.close };
}

export function aCustomer(overrides: Record<string, unknown> = {}) {
  return { name: 'Alice Example', email: `alice-${randomUUID()}@example.com`, ...overrides };
}

export async function addCustomer(crm: { url: string }, overrides: Record<string, unknown> = {}): Promise<Customer> {
  const { status, body } = await call(crm, 'POST /customers', { body: aCustomer(overrides) });
  if (status !== 201) throw new Error(`a customer was refused: ${JSON.stringify(body)}`);
  return body;
}

/** Every customer with an id above `after`, read page by page. */
export async function readFeed(crm: { url: string }, after = 0): Promise<Customer[]> {
  const { body } = await call(crm, `GET /customers?after=${after}`);
  const last = body.at(-1)?.id;
  return last === undefined ? [] : [...body, ...(await readFeed(crm, last))];
}
