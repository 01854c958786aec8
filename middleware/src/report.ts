import { createOutageLog } from '@doorstep/kit/work/outage-log.ts';
import { singleFlight } from '@doorstep/kit/work/single-flight.ts';
import type { MiddlewareContext } from './context.ts';
import { keyOf } from './db/keys.ts';
import { findProgress, findUnreported, markReported } from './db/reports.ts';
import type { CustomerKey, IntegrationResult } from './delivery.ts';
import type { CustomerSource } from './ports.ts';

/** What the CRM takes at once. */
const groupMax = 500;

export type Reporter = {
  /** Reports every delivery that has ended. A call during a run makes it look once more. */
  run(): Promise<void>;
  /** Reports how far the others are. */
  progress(): Promise<void>;
};

/**
 * Tells the CRM how deliveries ended. A result is marked as reported only after the CRM has accepted it, so it survives a
 * crash on either side; the CRM takes the same result twice without harm.
 */
export function createReporter(context: MiddlewareContext): Reporter {
  const { db, write, logger, source } = context;
  const outage = createOutageLog(context, { meanwhile: 'reports wait', over: 'reports to the CRM go again' });
  let unsupported = false;

  async function report(): Promise<void> {
    while (!unsupported) {
      const rows = await findUnreported(db, groupMax);
      if (rows.length === 0) return;
      const answer = await source.report(rows.map(toResult));
      if (answer === 'unsupported') {
        // a gateway in front of an absent CRM answers 404 on every route
        const isThere = await showsCustomers(source, lastOf(rows));
        if (!isThere) return outage.away('the CRM takes no report, and shows no customers either');
        unsupported = true;
        logger.info('the CRM takes no reports (PUT /customers/integration); it is not asked again until a restart');
      } else if (answer !== 'accepted') {
        return outage.away(`the CRM takes no report: ${answer.reason}`);
      } else {
        outage.back();
        await write((trx) => markReported(trx, rows));
        if (rows.length < groupMax) return;
      }
    }
  }

  const progress = createProgressReport(context);
  return {
    run: singleFlight(report).again,
    progress: singleFlight(async () => (unsupported ? undefined : progress())).join,
  };
}

async function showsCustomers(source: CustomerSource, after: CustomerKey): Promise<boolean> {
  return (await source.fetchPage(after, 1)).kind === 'page';
}

type Row = Awaited<ReturnType<typeof findUnreported>>[number];

function lastOf(rows: Row[]): CustomerKey {
  const last = rows.at(-1);
  return last ? keyOf(last) : 0;
}

function toResult(row: Row): IntegrationResult {
  const { state, package_id, posts, error } = row;
  return {
    customer_id: keyOf(row),
    state: state === 'delivered' ? 'delivered' : 'failed',
    package_id: package_id === null ? null : JSON.parse(package_id),
    attempts: posts,
    error,
  };
}

/** A record of the CRM that changes with each quick failure would get in the way of its other clients. */
const everyMs = 60_000;
const toldMax = 10_000;

/**
 * Tells the CRM how many posts have failed so far for customers that wait for their packages, each customer at most once
 * a minute. The CRM can do without: a failure is not logged, and delays no result.
 */
function createProgressReport({ db, write, clock, logger, source }: MiddlewareContext): () => Promise<void> {
  const toldMs = new Map<number, number>();
  let isRefused = false;
  let failedMs = Number.NEGATIVE_INFINITY;

  function forget(nowMs: number) {
    for (const [id, ms] of toldMs) if (nowMs - ms >= everyMs) toldMs.delete(id);
  }

  return async () => {
    const nowMs = clock.monotonicMs();
    if (isRefused || nowMs - failedMs < everyMs) return;
    forget(nowMs);
    while (toldMs.size < toldMax) {
      const rows = await findProgress(db, [...toldMs.keys()], groupMax);
      if (rows.length === 0) return;
      const answer = await source.reportProgress(
        rows.map((row) => ({ customer_id: keyOf(row), attempts: row.posts, error: row.error })),
      );
      if (answer !== 'accepted') {
        failedMs = nowMs;
        isRefused = answer === 'refused';
        if (isRefused)
          logger.info('the CRM takes results alone, and is not told how far deliveries are until a restart');
        return;
      }
      for (const { customer_id } of rows) toldMs.set(customer_id, nowMs);
      await write((trx) => markReported(trx, rows));
      if (rows.length < groupMax) return;
    }
  };
}
