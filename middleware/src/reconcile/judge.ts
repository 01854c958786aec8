import { isNumber } from '../customer-key.ts';
import type { KnownDelivery } from '../db/deliveries.ts';
import { departedReason } from '../delivery.ts';
import { isOtherPerson, type Person } from '../strangers.ts';
import { whoseName } from './judge-name.ts';
import type { Pair } from './scratch.ts';

type Judged = { pair: Pair; delivery: KnownDelivery | undefined };

export type Circumstances = {
  cursor: number;
  /** The place up to which polls have read a list with text ids. */
  polledTo: number;
  /** When the reconciliation began. */
  since: string;
  /** A package that was created later may not be listed yet. */
  listedUntil: string;
  /** Whether the list of packages was read to its end. */
  sawAllPackages: boolean;
  isOfEarlierType: (type: string) => boolean;
};

/** Exactly one for each customer of the CRM. */
type Verdict =
  | { kind: 'matched' | 'onTheirWay' | 'held' | 'skipped' | 'unseen' }
  | { kind: 'otherTypes'; type: string }
  /** `isNew`: needs no operator, because no poll has seen this customer, or none since it was restored. */
  | { kind: 'missing'; isNew: boolean; detail: string }
  | { kind: 'double' | 'misnamed'; detail: string }
  | { kind: 'changed'; detail: string; was: Person };

/** Compares a customer with its packages and its delivery. */
export function judge(judged: Judged, circumstances: Circumstances): Verdict {
  const { pair, delivery } = judged;
  const { key, packages } = pair;
  const was = delivery && { name: delivery.customer_name, createdAt: delivery.customer_created_at ?? undefined };
  if (was && isOtherPerson(was, pair)) return { kind: 'changed', detail: describeChange(pair, was), was };
  const [only, another] = packages;
  if (another) {
    const ids = packages.map(({ id }) => id).join(', ');
    return { kind: 'double', detail: `customer ${key} has the packages ${ids}` };
  }
  if (!only) return judgeWithout(judged, circumstances);
  const name = whoseName(pair, only, delivery);
  if (name.isTheirs) return { kind: 'matched' };
  return delivery?.state === 'held' ? { kind: 'held' } : { kind: 'misnamed', detail: name.detail };
}

function describeChange({ key, name, createdAt, packages }: Pair, was: Person): string {
  const bears = packages[0]?.name ? `; package ${packages[0].id} bears the name ${packages[0].name}` : '';
  return `customer ${key}: the ledger recorded ${was.name}, created ${was.createdAt}, but the CRM now shows ${name}, created ${createdAt}${bears}`;
}

function judgeWithout({ pair, delivery }: Judged, circumstances: Circumstances): Verdict {
  const { cursor, polledTo, since, listedUntil, sawAllPackages, isOfEarlierType } = circumstances;
  const { key, others } = pair;
  const known = delivery?.package_id ? String(JSON.parse(delivery.package_id)) : undefined;
  const earlier = others.find(({ id, type }) => id === known || isOfEarlierType(type));
  if (earlier) return { kind: 'otherTypes', type: earlier.type };
  const missing = (isNew: boolean, why: string): Verdict => {
    if (!sawAllPackages) return { kind: 'unseen' };
    const [other] = others;
    const besides = other ? `; it has package ${other.id} of another type (${other.type})` : '';
    return { kind: 'missing', isNew: isNew && !other, detail: `customer ${key}: ${why}${besides}` };
  };
  if (!delivery) {
    const isAhead = isNumber(key) ? key > cursor : pair.place > polledTo;
    if (isAhead) return { kind: 'onTheirWay' };
    return missing(true, 'not recorded by any poll yet');
  }
  const { state, error, package_id, updated_at } = delivery;
  if (state === 'held' || state === 'skipped') return { kind: state };
  if (state === 'dead') {
    const isNew = error === departedReason;
    return missing(isNew, isNew ? 'was deleted and has been restored' : `dead, ${error}`);
  }
  if (state !== 'delivered') return { kind: 'onTheirWay' };
  if (updated_at >= since) return { kind: 'matched' }; // created after the packages were read
  if (updated_at >= listedUntil) return { kind: 'onTheirWay' };
  return missing(false, `delivered as package ${package_id}, which no longer exists`);
}
