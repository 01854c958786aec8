import type { Database } from '@doorstep/kit/database/open.ts';
import { StartError } from '@doorstep/kit/errors.ts';
import { readCursor } from './cursor.ts';
import { forgetFact, readFact, writeFact } from './facts.ts';
import type { LedgerDatabase } from './schema.ts';

/**
 * Gives an empty ledger to a source. Safe to repeat.
 * @throws StartError if the ledger has customers of another source: their ids would be mixed.
 */
export async function takeLedgerForSource(
  { db, write }: Pick<Database<LedgerDatabase>, 'db' | 'write'>,
  sourceName: string | undefined,
): Promise<void> {
  const known = (await readFact(db, 'source'))?.name;
  if (known === sourceName) return;
  if (!(await isEmpty(db))) throw new StartError(refusal(known, sourceName));
  await write((trx) =>
    sourceName === undefined ? forgetFact(trx, 'source') : writeFact(trx, 'source', { name: sourceName }),
  );
}

/** No customer has ever been recorded. */
export async function isEmpty(db: Database<LedgerDatabase>['db']): Promise<boolean> {
  if ((await readCursor(db)) > 0) return false;
  return (await db.selectFrom('deliveries').select('customer_id').limit(1).executeTakeFirst()) === undefined;
}

function refusal(known: string | undefined, given: string | undefined): string {
  const has = known === undefined ? 'without a SOURCE_NAME' : `of SOURCE_NAME "${known}"`;
  const is = given === undefined ? 'SOURCE_NAME is not set' : `SOURCE_NAME is "${given}"`;
  const back = known === undefined ? 'remove SOURCE_NAME' : `set SOURCE_NAME to "${known}"`;
  return `The ledger has customers ${has}, but ${is}, and their ids would be mixed: ${back}, or give the new CRM a ledger of its own (DATABASE_URL or DATA_DIR).`;
}
