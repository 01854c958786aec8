import { pause, resume } from '../../src/commands/pause.ts';
import { repair } from '../../src/commands/repair.ts';
import { replay, replayDead } from '../../src/commands/replay.ts';
import type { MiddlewareContext } from '../../src/context.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import type { Ledger } from './ledger.ts';
import type { Lives } from './lives.ts';
import { type Oracle, Violation } from './oracle.ts';
import type { Fault, Plan } from './plan.ts';
import type { Polls } from './polls.ts';
import type { Crm } from './services.ts';
import type { VirtualTime } from './virtual-time.ts';
import type { Watch } from './watch.ts';

type Means = {
  plan: Plan;
  crm: Crm;
  ledger: Ledger;
  lives: Lives;
  oracle: Oracle;
  polls: Polls;
  time: VirtualTime;
  watch: Watch;
  /** What the Inventory has against customers. */
  poisons: Map<number, number>;
  moveClock: (byMs: number) => void;
};

/** Lets come what the plan says. What befalls single calls, statements and steps happens where those are. */
export function schedulePlan(means: Means): void {
  for (const arrival of means.plan.arrivals) means.time.after(arrival.atMs, 'world', () => arrive(means, arrival));
  const moments = means.plan.faults.flatMap((fault) => momentsOf(means, fault));
  for (const [atMs, run] of moments) means.time.after(atMs, 'world', run);
}

function arrive({ plan, crm, polls, time, watch }: Means, { count }: Plan['arrivals'][number]) {
  const late = plan.faults.filter((fault) => fault.kind === 'late');
  const first = crm.customers.length + 1;
  crm.add(count, (id) => !late.some(({ customer }) => customer === id));
  for (const { customer: id, byMs } of late) {
    const customer = id >= first ? crm.customers[id - 1] : undefined;
    if (!customer) continue;
    watch.struck('shown late');
    time.after(byMs, 'world', () => Object.assign(customer, { isVisible: true }));
  }
  polls.soon();
}

type Moment = [atMs: number, run: () => void];

/** What a fault does, and when. */
function momentsOf(means: Means, fault: Fault): Moment[] {
  const { crm, ledger, lives, watch, poisons } = means;
  const from = ({ atMs, forMs }: { atMs: number; forMs: number }, begin: () => void, end: () => void): Moment[] => [
    [atMs, begin],
    [atMs + forMs, end],
    [atMs + forMs, watch.disturbed],
  ];
  const operate = (run: (context: MiddlewareContext) => Promise<unknown>) => () => lives.operate(fault.kind, run);
  switch (fault.kind) {
    case 'outage':
      return from(fault, ...watchOutage(means, fault));
    case 'disk full':
    case 'ledger away': {
      const { kind } = fault;
      return from(
        fault,
        () => ledger.begin(kind),
        () => ledger.end(kind),
      );
    }
    case 'pause':
      return from(fault, operate(pause), operate(resume));
    case 'poison':
      return [[0, () => poisons.set(fault.customer, fault.status)]];
    case 'unreadable':
      return [[fault.atMs, () => crm.unreadable.add(fault.customer)]];
    case 'clock':
      return [[fault.atMs, () => means.moveClock(fault.byMs)]];
    case 'restart':
      return [[fault.atMs, () => void lives.restart(fault.byMs)]];
    case 'replay':
      return [[fault.atMs, operate((context) => replay(context, fault.customer))]];
    case 'replay dead':
      return [[fault.atMs, operate((context) => replayDead(context, {}))]];
    case 'reconcile':
      return [[fault.atMs, operate((context) => compare(context, { repairs: false }))]];
    case 'repair':
      return [[fault.atMs, operate((context) => compare(context, { repairs: true }))]];
    case 'delete':
      return [[fault.atMs, () => remove(means, fault)]];
    case 'rename':
      return [[fault.atMs, () => rename(means, fault)]];
    default:
      // it strikes at a call, a statement, a step or an arrival
      return [];
  }
}

function rename({ crm }: Means, { customer: id }: { customer: number }): void {
  const customer = crm.customers[id - 1];
  if (customer) customer.name = `${customer.name} again`;
}

function remove(
  { crm, time, watch }: Means,
  { customer: id, restoredAfterMs }: Extract<Fault, { kind: 'delete' }>,
): void {
  const customer = crm.customers[id - 1];
  if (!customer || customer.isDeleted) return;
  watch.struck('deleted');
  Object.assign(customer, { isDeleted: true, wasDeleted: true });
  if (restoredAfterMs === undefined) return;
  time.after(restoredAfterMs, 'world', () => Object.assign(customer, { isDeleted: false }));
}

/** While the Inventory fails for everybody, it is asked no more than the breaker allows. */
function watchOutage(
  { plan, lives, oracle, polls, watch }: Means,
  { service }: Extract<Fault, { kind: 'outage' }>,
): [begin: () => void, end: () => void] {
  const { concurrency, retriesMax, waitsMs } = plan.world;
  // a look and a post, and as much for each quick retry
  const perAttempt = 2 + 2 * retriesMax;
  // those under way, four that a breaker does not mind, each with a whole schedule, and groups with their looks
  const perLife = (concurrency + 4 * (waitsMs.length + 1) + 12) * perAttempt;
  const now = () => ({ calls: oracle.calls(), polls: polls.count(), lives: lives.count() });
  let before = now();
  const begin = () => {
    watch.struck(`outage of ${service}`);
    before = now();
  };
  const end = watch.guarded(() => {
    const after = now();
    const calls = after.calls - before.calls;
    const allowed = (1 + after.lives - before.lives) * perLife + 2 * (after.polls - before.polls);
    if (service === 'inventory' && calls > allowed) {
      throw new Violation(`${calls} calls to the Inventory in an outage; ${allowed} are allowed`);
    }
  });
  return [begin, end];
}

/** As `reconcile` at the command line, or as the daemon does by itself: only who is new is repaired then. */
export async function compare(context: MiddlewareContext, { repairs }: { repairs: boolean }) {
  const missing: number[] = [];
  const result = await reconcile(context, {
    onException: () => undefined,
    async onMissing(customers) {
      missing.push(...customers.filter(({ isNew }) => repairs || isNew).map(({ customerId }) => customerId));
    },
  });
  await repair(context, missing);
  return result;
}
