import type { MiddlewareContext } from './context.ts';
import { findUnreported, markReported } from './db/reports.ts';
import type { IntegrationResult } from './delivery.ts';
import type { CustomerSource } from './ports.ts';
import { createTrouble } from './trouble.ts';

/** What the CRM takes at once. */
const groupMax = 500;

export type Reporter = {
  /** Tells the CRM of every delivery that came to an end. A call while it runs makes it look again, and joins it. */
  run(): Promise<void>;
};

/**
 * What is to be told is read from the ledger and marked there only after the CRM has taken it in, so a report survives
 * a crash on either side; the CRM takes the same one twice without harm.
 */
export function createReporter(context: MiddlewareContext): Reporter {
  const { db, write, logger } = context;
  const trouble = createTrouble(context, { meanwhile: 'reports wait', over: 'reports to the CRM go again' });
  let running: Promise<void> | undefined;
  let again = false;
  let unsupported = false;

  async function run(): Promise<void> {
    while (again && !unsupported) {
      again = false;
      const rows = await findUnreported(db, groupMax);
      if (rows.length === 0) return;
      const answer = await context.source.report(rows.map(toResult));
      if (answer === 'unsupported') {
        // a gateway before a CRM that is away says of every route that there is none
        const isThere = await showsCustomers(context.source, rows.at(-1)?.customer_id ?? 0);
        if (!isThere) return trouble.tell('the CRM takes no report, and shows no customers either');
        unsupported = true;
        logger.info('the CRM takes no reports (PUT /customers/integration); it is not asked again until a restart');
      } else if (answer !== 'accepted') {
        return trouble.tell(`the CRM takes no report: ${answer.reason}`);
      } else {
        trouble.over();
        await write((trx) => markReported(trx, rows));
        again ||= rows.length === groupMax;
      }
    }
  }

  return {
    run() {
      again = true;
      running ??= run().finally(() => {
        running = undefined;
      });
      return running;
    },
  };
}

async function showsCustomers(source: CustomerSource, after: number): Promise<boolean> {
  return (await source.fetchPage(after, 1)).kind === 'page';
}

type Row = Awaited<ReturnType<typeof findUnreported>>[number];

function toResult({ customer_id, state, package_id, attempts, error }: Row): IntegrationResult {
  return {
    customer_id,
    state: state === 'delivered' ? 'delivered' : 'failed',
    package_id: package_id === null ? null : JSON.parse(package_id),
    attempts,
    error,
  };
}
