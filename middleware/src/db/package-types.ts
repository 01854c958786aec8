import type { Database } from '@doorstep/kit/database/open.ts';
import { firstPackageType } from '../inventory-names.ts';
import { readFact, writeFact } from './facts.ts';
import type { LedgerDatabase } from './schema.ts';
import { isEmpty } from './source.ts';

/**
 * Adds the type to those that the ledger has ever requested, and returns the earlier ones: a customer with a package of
 * one of them needs no other. Safe to repeat.
 */
export async function rememberPackageType(
  { db, write }: Pick<Database<LedgerDatabase>, 'db' | 'write'>,
  packageType: string,
): Promise<string[]> {
  // an earlier version remembered none
  const known = (await readFact(db, 'packageTypes')) ?? ((await isEmpty(db)) ? [] : [firstPackageType]);
  if (!known.includes(packageType)) {
    await write((trx) => writeFact(trx, 'packageTypes', [...known, packageType]));
  }
  return known.filter((type) => type !== packageType);
}
