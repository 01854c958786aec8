import { join } from 'node:path';
import { openDatabase } from '@doorstep/kit/database/open.ts';
import type { Logger } from '@doorstep/kit/process/logger.ts';
import { type DatabaseKind, type FreshDatabase, freshDatabase } from '@doorstep/kit/test/databases.ts';
import { Registry } from 'prom-client';
import type { MiddlewareContext } from '../src/context.ts';
import type { LedgerDatabase } from '../src/db/schema.ts';
import type { IntegrationResult, Outcome, PackageId, SeenCustomer } from '../src/delivery.ts';
import { createMiddlewareMetrics } from '../src/metrics.ts';
import type { Answer, CustomerSource, GroupAnswer, PackageRequest } from '../src/ports.ts';
import { ledgerSummary } from '../src/queries/ledger-summary.ts';

/** A clock that stands still until it is moved. */
export function fakeClock(start = '2026-01-01T00:00:00.000Z') {
  let ms = Date.parse(start);
  let setMs = 0;
  return {
    now: () => new Date(ms + setMs),
    monotonicMs: () => ms,
    advance(byMs: number) {
      ms += byMs;
    },
    /** Sets the clock ahead, or back, as a person does. */
    set(byMs: number) {
      setMs += byMs;
    },
  };
}

export function aCustomer(id: number, overrides: Partial<SeenCustomer> = {}): SeenCustomer {
  return { id, name: `Customer ${id}`, createdAt: '2026-01-01T00:00:00.000Z', ...overrides };
}

export function manyCustomers(count: number): SeenCustomer[] {
  return Array.from({ length: count }, (_, index) => aCustomer(index + 1));
}

/** Customers as a page lists them. */
export const listed = (customers: SeenCustomer[]) => ({ customers, length: customers.length });

/** A CRM that honours `after`, in pages of `pageSize`. */
export function fakeSource(customers: SeenCustomer[], pageSize = 500) {
  const reports: IntegrationResult[][] = [];
  const asked: number[] = [];
  const source: CustomerSource = {
    pageSize,
    async fetchPage(after, limit = pageSize) {
      asked.push(after);
      const rest = customers.filter(({ id }) => id > after);
      return { kind: 'page', ...listed(rest.slice(0, limit)), more: rest.length > limit, unusable: [] };
    },
    async report(results) {
      reports.push(results);
      return 'accepted';
    },
  };
  return { ...source, customers, reports, asked };
}

/** An Inventory without idempotency: whatever is posted twice is there twice. `answers` come before it does its work. */
export function fakeTarget() {
  const packages: { id: PackageId; customerId: number; name: string }[] = [];
  const posts: PackageRequest[] = [];
  const finds: number[] = [];
  const answers = new Map<number, (() => Answer | undefined | Promise<Answer | undefined>)[]>();
  let everybody: ((request: PackageRequest) => Answer | undefined) | undefined;
  const make = ({ customerId, customerName }: PackageRequest): Outcome => {
    const id = packages.length + 1;
    packages.push({ id, customerId, name: customerName });
    return { kind: 'delivered', packageId: id, status: 201, existed: false };
  };
  return {
    packages,
    posts,
    finds,
    make,
    /** What the next posts for this customer are answered, one after the other; undefined: the package. */
    script(customerId: number, ...next: (() => Answer | undefined | Promise<Answer | undefined>)[]) {
      answers.set(customerId, next);
    },
    /** What every post is answered from now on, where nothing is scripted; undefined: the package. */
    answerEverybody(answer: typeof everybody) {
      everybody = answer;
    },
    async create(request: PackageRequest) {
      posts.push(request);
      const answer = await answers.get(request.customerId)?.shift()?.();
      return answer ?? everybody?.(request) ?? make(request);
    },
    /** One that takes no groups, unless a test says otherwise. */
    async createMany(_requests: PackageRequest[]): Promise<GroupAnswer> {
      return { kind: 'unsupported', inDoubt: false, reason: 'there are no groups' };
    },
    async findMany(customerIds: number[], _witnesses: [number, number]) {
      finds.push(...customerIds);
      const made = packages.filter(({ customerId }) => customerIds.includes(customerId));
      return { kind: 'found', packages: new Map(made.map(({ customerId, id }) => [customerId, id])) } as const;
    },
    async fetchPackages(after: number) {
      const rest = packages.filter(({ id }) => Number(id) > after);
      return { kind: 'page', packages: rest, next: undefined } as const;
    },
    async find(customerId: number) {
      finds.push(customerId);
      const existing = packages.find((entry) => entry.customerId === customerId);
      return existing ? ({ kind: 'found', packageId: existing.id } as const) : ({ kind: 'none' } as const);
    },
  };
}

type Packages = ReturnType<typeof fakeTarget>['packages'];

/** The customers of packages, in order. */
export const idsIn = (packages: Packages) => packages.map(({ customerId }) => customerId).sort((a, b) => a - b);

type LogLine = { level: string; message: string };

export function fakeLogger() {
  const lines: LogLine[] = [];
  const write = (level: string) => (message: string) => void lines.push({ level, message });
  const logger = { info: write('info'), warn: write('warn'), error: write('error'), debug: write('debug') };
  return Object.assign(logger as unknown as Logger, { lines });
}

const waitsMs = [5_000, 30_000];

/** One for all tests of a worker, a schema for each: to make a database takes longer than most tests do. It goes with the server. */
let sharedPostgres: Promise<FreshDatabase> | undefined;

function shareDatabase(): Promise<FreshDatabase> {
  sharedPostgres ??= freshDatabase('postgres');
  return sharedPostgres;
}

/** A ledger of its own, or the `existing` one, with everything around it made up; `overrides` replace parts of it. */
export async function testContext(
  kind: DatabaseKind,
  overrides: Partial<MiddlewareContext> = {},
  existing?: FreshDatabase,
) {
  await using resources = new AsyncDisposableStack();
  const fresh = existing ?? (kind === 'postgres' ? await shareDatabase() : resources.use(await freshDatabase(kind)));
  const options = {
    url: fresh.url,
    schema: existing ? 'middleware' : `middleware_${crypto.randomUUID().slice(0, 8)}`,
    migrations: join(import.meta.dirname, '../migrations'),
    onError: () => undefined,
  };
  const database = resources.adopt(await openDatabase<LedgerDatabase>(options), (open) => open.close());
  const clock = fakeClock();
  const logger = fakeLogger();
  const context: MiddlewareContext = {
    db: database.db,
    write: database.write,
    clock,
    random: () => 0.5,
    logger,
    metrics: createMiddlewareMetrics(new Registry(), () => ledgerSummary({ db: database.db, clock })),
    source: fakeSource([]),
    target: fakeTarget(),
    concurrency: 4,
    waitsMs,
    ...overrides,
  };
  const owned = resources.move();
  return { context, clock, logger, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

export const owner = async () => undefined;

export const unanswered = (): Answer => ({ kind: 'retry', reason: 'no answer', inDoubt: true, whose: 'inventory' });
export const busy = (): Answer => ({
  kind: 'retry',
  reason: 'answered 503',
  status: 503,
  inDoubt: false,
  whose: 'inventory',
});
