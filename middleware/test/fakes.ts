import { join } from 'node:path';
import { openDatabase } from '@doorstep/kit/database/open.ts';
import type { Logger } from '@doorstep/kit/process/logger.ts';
import { type DatabaseKind, type FreshDatabase, freshDatabase } from '@doorstep/kit/test/databases.ts';
import { Registry } from 'prom-client';
import type { MiddlewareContext } from '../src/context.ts';
import type { LedgerDatabase } from '../src/db/schema.ts';
import type { CustomerKey, IntegrationResult, Outcome, PackageId, Progress, SeenCustomer } from '../src/delivery.ts';
import { inventoryNames } from '../src/inventory-names.ts';
import { createMiddlewareMetrics } from '../src/metrics.ts';
import type { Answer, CustomerSource, GroupAnswer, PackageRequest } from '../src/ports.ts';
import { ledgerSummary } from '../src/queries/ledger-summary.ts';
import { createSettling } from '../src/settling.ts';
import { fromBeginning } from '../src/start-from.ts';

/** A clock that stops until a test moves it. */
export function fakeClock(start = '2026-01-01T00:00:00.000Z') {
  let ms = Date.parse(start);
  let setMs = 0;
  return {
    now: () => new Date(ms + setMs),
    monotonicMs: () => ms,
    advance(byMs: number) {
      ms += byMs;
    },
    /** Sets the clock forward or back, as an operator does; the monotonic clock does not move. */
    set(byMs: number) {
      setMs += byMs;
    },
  };
}

/** A customer whose id is a number. */
export type NumberedCustomer = SeenCustomer & { id: number };

export function aCustomer(id: number, overrides: Partial<NumberedCustomer> = {}): NumberedCustomer {
  return { id, name: `Customer ${id}`, createdAt: '2026-01-01T00:00:00.000Z', ...overrides };
}

export function manyCustomers(count: number): NumberedCustomer[] {
  return Array.from({ length: count }, (_, index) => aCustomer(index + 1));
}

/** Customers as a page lists them. */
export const listed = (customers: SeenCustomer[]) => ({ customers, length: customers.length, total: undefined });

/** A CRM that honours `after`, in pages of `pageSize`. */
export function fakeSource(customers: SeenCustomer[], pageSize = 500) {
  const reports: IntegrationResult[][] = [];
  const progress: Progress[][] = [];
  const asked: number[] = [];
  const source: CustomerSource = {
    pageSize,
    async fetchPage(given, limit = pageSize) {
      const after = Number(given);
      asked.push(after);
      const rest = customers.filter(({ id }) => Number(id) > after);
      return { kind: 'page', ...listed(rest.slice(0, limit)), more: rest.length > limit, unusable: [] };
    },
    async report(results) {
      reports.push(results);
      return 'accepted';
    },
    async reportProgress(results) {
      progress.push(results);
      return 'accepted';
    },
  };
  return { ...source, customers, reports, progress, asked };
}

/** An Inventory without idempotency: a package that is posted twice exists twice. `answers` replace its work. */
export function fakeTarget() {
  const packages: { id: PackageId; customerId: number; name: string }[] = [];
  const posts: PackageRequest[] = [];
  const finds: CustomerKey[] = [];
  const answers = new Map<CustomerKey, (() => Answer | undefined | Promise<Answer | undefined>)[]>();
  let everybody: ((request: PackageRequest) => Answer | undefined) | undefined;
  const make = ({ customerId: given, customerName }: PackageRequest): Outcome => {
    const customerId = Number(given);
    const id = packages.length + 1;
    packages.push({ id, customerId, name: customerName });
    return { kind: 'delivered', packageId: id, status: 201, existed: false };
  };
  return {
    packages,
    posts,
    finds,
    make,
    /** Answers for the next posts for this customer, in order; undefined: the package. */
    script(customerId: number, ...next: (() => Answer | undefined | Promise<Answer | undefined>)[]) {
      answers.set(customerId, next);
    },
    /** The answer to every post from now on, unless one is scripted; undefined: the package. */
    answerEverybody(answer: typeof everybody) {
      everybody = answer;
    },
    idempotency: async () => 'none' as const,
    show: ({ customerId }: PackageRequest) => `a request for customer ${customerId}`,
    async create(request: PackageRequest) {
      posts.push(request);
      const answer = await answers.get(request.customerId)?.shift()?.();
      return answer ?? everybody?.(request) ?? make(request);
    },
    /** It accepts no groups unless a test overrides this. */
    async createMany(_requests: PackageRequest[]): Promise<GroupAnswer> {
      return { kind: 'unsupported', inDoubt: false, reason: 'there are no groups' };
    },
    async findMany(customerIds: CustomerKey[], _witnesses: [CustomerKey, CustomerKey]) {
      finds.push(...customerIds);
      const made = packages.filter(({ customerId }) => customerIds.includes(customerId));
      return {
        kind: 'found',
        packages: new Map(made.map(({ customerId, id }) => [customerId, { packageId: id }])),
      } as const;
    },
    async fetchPackages(after: number) {
      const rest = packages.filter(({ id }) => Number(id) > after);
      return { kind: 'page', packages: rest, next: undefined } as const;
    },
    async find(customerId: CustomerKey) {
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

/** One database per worker and one schema per test, because creating a database takes longer than most tests. */
let sharedPostgres: Promise<FreshDatabase> | undefined;

function shareDatabase(): Promise<FreshDatabase> {
  sharedPostgres ??= freshDatabase('postgres');
  return sharedPostgres;
}

/** A new ledger, or the `existing` one, with fakes for everything else; `overrides` replace parts of it. */
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
    settling: createSettling(clock, 0),
    names: inventoryNames({ packageType: 'welcome_pack_v1', sourceName: undefined }),
    concurrency: 4,
    waitsMs,
    startFrom: fromBeginning,
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
