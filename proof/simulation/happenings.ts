import { pause, resume } from '@doorstep/middleware/src/commands/pause.ts';
import { repair } from '@doorstep/middleware/src/commands/repair.ts';
import { replay, replayEnded } from '@doorstep/middleware/src/commands/replay.ts';
import { settle } from '@doorstep/middleware/src/commands/settle.ts';
import type { MiddlewareContext } from '@doorstep/middleware/src/context.ts';
import type { CustomerKey } from '@doorstep/middleware/src/delivery.ts';
import { listDeliveries } from '@doorstep/middleware/src/queries/deliveries.ts';
import { reconcile } from '@doorstep/middleware/src/reconcile/reconcile.ts';
import { watchBothSides } from '@doorstep/middleware/src/reconcile/watch.ts';
import type { Ledger } from './ledger.ts';
import type { Lives } from './lives.ts';
import type { Oracle } from './oracle/oracle.ts';
import { Violation } from './oracle/violation.ts';
import type { Fault, Plan } from './plan.ts';
import type { Polls } from './polls.ts';
import type { Crm, Inventory } from './services.ts';
import type { VirtualTime } from './virtual-time.ts';
import type { Watch } from './watch.ts';

type Means = {
  plan: Plan;
  crm: Crm;
  inventory: Inventory;
  ledger: Ledger;
  lives: Lives;
  oracle: Oracle;
  polls: Polls;
  time: VirtualTime;
  watch: Watch;
  /** The status with which the Inventory rejects each of these customers. */
  poisons: Map<number, number>;
  moveClock: (byMs: number) => void;
};

/** Schedules arrivals and timed faults. A fault of a single call, statement or step is injected where that runs. */
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

function momentsOf(means: Means, fault: Fault): Moment[] {
  const { crm, ledger, lives, oracle, watch, poisons } = means;
  const from = ({ atMs, forMs }: { atMs: number; forMs: number }, begin: () => void, end: () => void): Moment[] => [
    [atMs, begin],
    [atMs + forMs, end],
    [atMs + forMs, watch.disturbed],
  ];
  const operate = (run: (context: MiddlewareContext) => Promise<unknown>) => () => void lives.operate(run, fault.kind);
  switch (fault.kind) {
    case 'outage': {
      let ends = () => {};
      const begin = () => {
        watch.struck(`outage of ${fault.service}`);
        if (fault.service === 'inventory') ends = oracle.outageBegins();
      };
      return from(
        fault,
        begin,
        watch.guarded(() => ends()),
      );
    }
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
      return [
        [0, () => poisons.set(fault.customer, fault.status)],
        [0, () => watch.struck('poison')],
      ];
    case 'unreadable':
      return [
        [fault.atMs, () => crm.unreadable.add(fault.customer)],
        [fault.atMs, () => watch.struck('unreadable')],
      ];
    case 'clock':
      return [[fault.atMs, () => means.moveClock(fault.byMs)]];
    case 'restart':
      return [[fault.atMs, () => void lives.restart(fault.byMs)]];
    case 'replay':
      return [[fault.atMs, operate((context) => replayWithCare(context, means, fault.customer))]];
    case 'replay dead':
      return [[fault.atMs, operate((context) => replayEnded(context, { state: 'dead' }))]];
    case 'reconcile':
      return [[fault.atMs, operate((context) => watchBothSides(context, new AbortController().signal))]];
    case 'repair':
      return [[fault.atMs, operate(repairAll)]];
    case 'delete':
      return [[fault.atMs, () => remove(means, fault)]];
    case 'rename':
      return [[fault.atMs, () => rename(means, fault)]];
    default:
      // injected at a call, a statement, a step or an arrival
      return [];
  }
}

function rename({ crm, watch }: Means, { customer: id }: { customer: number }): void {
  const customer = crm.customers[id - 1];
  if (!customer) return;
  watch.struck('renamed');
  customer.name = `${customer.name} again`;
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

/** An operator looks into the Inventory before deciding on a held delivery. */
async function replayWithCare(
  context: MiddlewareContext,
  { inventory, oracle }: Pick<Means, 'inventory' | 'oracle'>,
  customerId: number,
): Promise<void> {
  const [delivery] = await listDeliveries(context, { after: customerId - 1, limit: 1 });
  const isHeld = delivery?.customer_id === customerId && delivery.state === 'held';
  const made = isHeld ? inventory.packages.find((one) => one.customerId === customerId) : undefined;
  if (made) return settle(context, customerId, made.id);
  if (isHeld) oracle.decided([customerId]);
  await replay(context, customerId);
}

export async function decideHeld(
  context: MiddlewareContext,
  means: Pick<Means, 'inventory' | 'oracle'>,
): Promise<void> {
  const held = await listDeliveries(context, { after: 0, limit: 1_000, state: 'held' });
  for (const { customer_id: id } of held) await replayWithCare(context, means, Number(id));
}

/** Does the same as `reconcile --repair` on the command line. */
async function repairAll(context: MiddlewareContext): Promise<void> {
  const missing: CustomerKey[] = [];
  await reconcile(context, {
    onException({ kind, detail }) {
      if (kind === 'double') throw new Violation(detail);
    },
    onMissing: async (customers) => void missing.push(...customers.map(({ customerId }) => customerId)),
  });
  await repair(context, missing);
}
