import type { KnownDelivery } from '../db/deliveries.ts';
import { isSameName } from '../same-name.ts';
import { isSameTime } from '../strangers.ts';
import type { ScratchCustomer, ScratchPackage } from './scratch.ts';

type Whose = { isTheirs: true } | { isTheirs: false; detail: string };

const theirs: Whose = { isTheirs: true };

/**
 * Whether a customer's only package can be its own. A package under another name is, if the customer was renamed: the
 * ledger knows the customer by the earlier name and the same time of creation. Without that, the times decide, because no
 * package is older than its customer. What a person has settled stays settled.
 */
export function whoseName(customer: ScratchCustomer, pack: ScratchPackage, delivery: KnownDelivery | undefined): Whose {
  const { name, createdAt } = customer;
  if (!pack.name || isSameName(pack.name, name)) return theirs;
  if (delivery?.settled_at && String(JSON.parse(delivery.package_id ?? 'null')) === pack.id) return theirs;
  const recorded = delivery?.customer_name || undefined;
  const isOfRecord = recorded !== undefined && isSameName(recorded, pack.name);
  const since = delivery?.customer_created_at;
  if (isOfRecord && createdAt && since && isSameTime(since, createdAt)) return theirs;
  const who = `customer ${customer.key} (${withTime(name, createdAt)})`;
  const detail = `${who} has package ${pack.id} of ${withTime(pack.name, pack.createdAt)}`;
  if (createdAt === undefined || !pack.createdAt) {
    return { isTheirs: false, detail: `${detail}: renamed, or another person; without the times nobody can tell` };
  }
  const isOlder = pack.createdAt < createdAt;
  if (isOlder || (recorded !== undefined && !isOfRecord)) return { isTheirs: false, detail };
  return theirs;
}

function withTime(name: string, createdAt: string | null | undefined): string {
  return createdAt ? `${name}, created ${createdAt}` : name;
}
