import { resume } from '@doorstep/middleware/src/commands/pause.ts';
import { replayEnded } from '@doorstep/middleware/src/commands/replay.ts';
import type { MiddlewareContext } from '@doorstep/middleware/src/context.ts';
import { reconcile } from '@doorstep/middleware/src/reconcile/reconcile.ts';
import { watchBothSides } from '@doorstep/middleware/src/reconcile/watch.ts';
import { decideHeld, schedulePlan } from './happenings.ts';
import { createLedger } from './ledger.ts';
import { createLives, type Lives } from './lives.ts';
import { type Call, createNetwork } from './network.ts';
import { createOracle } from './oracle/oracle.ts';
import { Violation } from './oracle/violation.ts';
import type { Fate, Fault, Plan } from './plan.ts';
import { createPolls } from './polls.ts';
import { canBeAsked, createCrm, createInventory, type Reply } from './services.ts';
import type { Disk } from './storage.ts';
import { createVirtualTime, useVirtualTime } from './virtual-time.ts';
import { createWatch } from './watch.ts';

export type Outcome = {
  /** The first broken promise; undefined if every promise was kept. */
  violation: string | undefined;
  customers: number;
  packages: number;
  virtualMs: number;
  /** How often each kind of fault struck. */
  faults: Record<string, number>;
};

type Options = {
  disk: Disk;
  /** Called with a line for each event. */
  trace?: ((line: string) => void) | undefined;
};

const hourMs = 3_600_000;
/** A run that never ends breaks a promise too. */
const eventsMax = 100_000;

/** Reports an uncaught error as a failure of the current run. */
export let reportUncaught: (error: unknown) => void = () => undefined;

/**
 * Runs the core through a plan and then, without faults, until no work is left. Returns whether it kept its promises.
 * The same plan gives the same outcome, to the byte.
 */
export async function simulate(plan: Plan, { disk, trace }: Options): Promise<Outcome> {
  const { time, watch, crm, inventory, poisons, oracle, lives, polls, heal, mend } = createSimulation(plan, {
    disk,
    trace,
  });
  reportUncaught = watch.fail;
  let events = 0;

  function isOver(): boolean {
    events += 1;
    if (events > eventsMax) watch.fail(new Violation(`still busy after ${eventsMax} events`));
    return watch.violation() !== undefined;
  }

  /**
   * Runs until no work is left, at most for the longest wait; for all of them if a customer is rejected again and
   * again.
   */
  async function settle(what: string, needsOperator = false) {
    const waitsMs = [hourMs, ...plan.world.waitsMs];
    const longestMs = needsOperator ? waitsMs.reduce((sum, wait) => sum + wait) : Math.max(...waitsMs);
    // the daemon skips a customer that the CRM cannot show only after several polls, which are rare here
    const settleMaxMs = 1.2 * longestMs + 3 * hourMs + 4 * pollMaxMs * crm.unreadable.size;
    const deadlineMs = time.nowMs() + settleMaxMs;
    polls.soon();
    await time.run(() => {
      if (time.nowMs() > deadlineMs) {
        watch.fail(new Violation(`${what}, a delivery still waits after ${Math.round(settleMaxMs / hourMs)} hours`));
      }
      const isOpen = lives.daemon()?.sync.breaker() === 'open';
      return isOver() || (time.daemonSleeps() && oracle.isSettled(new Set(isOpen ? poisons.keys() : [])));
    });
  }

  /** Runs an operator's command to its end. */
  async function act<Result>(run: (context: MiddlewareContext) => Promise<Result>): Promise<Result | undefined> {
    let done: { result: Result | undefined } | undefined;
    void lives.operate(run).then((result) => {
      done = { result };
    });
    await time.run(() => isOver() || done !== undefined);
    return done?.result;
  }

  /** Until the Inventory lists every package. */
  async function passLag() {
    const listedMs = time.nowMs() + plan.world.lagMs;
    await time.run(() => isOver() || time.nowMs() >= listedMs);
  }

  async function proveEquality() {
    await passLag();
    // only a reconciliation finds a customer that was deleted before the poll and then restored
    await act((context) => watchBothSides(context, new AbortController().signal));
    await settle('after a reconciliation');
    await passLag();
    const proof = await act((context) => reconcile(context, { onException: () => undefined }));
    if (proof?.kind === 'done' && proof.reconciliation.proven) return;
    watch.fail(new Violation(`the reconciliation proves nothing: ${JSON.stringify(proof)}`));
  }

  const isKept = () => watch.violation() === undefined;
  await time.run(() => isOver() || time.nowMs() >= endOf(plan));
  heal();
  await act(resume);
  await settle('after the last fault', plan.faults.some(lastsUntilFixed));
  if (isKept()) watch.guarded(oracle.checkEnds)();
  mend();
  if (isKept()) await act((context) => decideHeld(context, { inventory, oracle }));
  if (isKept()) await act((context) => replayEnded(context, { state: 'dead' }));
  if (isKept()) await settle('after a replay of the dead letters');
  // a delivery that could not be posted before may be held now
  if (isKept()) await act((context) => decideHeld(context, { inventory, oracle }));
  if (isKept()) await settle('after the last held delivery');
  if (isKept() && canBeAsked(plan.world.inventory)) await proveEquality();
  if (isKept()) watch.guarded(oracle.checkAgreement)();
  time.dropDaemon();
  return {
    violation: watch.violation(),
    customers: crm.customers.length,
    packages: inventory.packages.length,
    virtualMs: time.nowMs(),
    faults: watch.faults,
  };
}

const pollMaxMs = 2 * hourMs;
/** Time for calls in flight to arrive. */
const afterMs = 60_000;

/** Creates the parts of a run. `heal` ends the faults; `mend` ends those that only an operator can fix. */
function createSimulation(plan: Plan, { disk, trace }: Options) {
  const { world } = plan;
  const startMs = Date.parse(world.startsAt);
  let clockOffMs = 0;
  const time = createVirtualTime({ beforeDaemon: () => lives.dies() });
  useVirtualTime(time);
  const clock = { now: () => new Date(startMs + time.nowMs() + clockOffMs), monotonicMs: time.nowMs };
  const watch = createWatch(time.nowMs, trace);
  disk.recover();
  disk.wipe();
  const crm = createCrm(world.crm, () => clock.now().toISOString());
  const inventory = createInventory(world, time.nowMs);
  const oracle = createOracle({
    plan,
    clock,
    disk,
    crm,
    inventory,
    breakerState: () => lives.daemon()?.sync.breaker(),
  });
  const poisons = new Map<number, number>();
  const network = createNetwork({
    plan,
    time,
    handle: (call) => (call.service === 'crm' ? crm.handle(call.request) : handlePackages(call)),
    onSent: watch.guarded((call: Call) => {
      watch.trace(() => `→ ${call.service} ${call.nth} ${JSON.stringify(call.request)}`);
      oracle.sent(call);
    }),
    onAnswered: watch.guarded((call: Call, reply: Reply | undefined) => {
      watch.trace(() => `← ${call.service} ${call.nth} ${reply ? JSON.stringify(reply) : 'nothing'}`);
      oracle.answered(call, reply);
    }),
    onFate: watch.struck,
  });
  const ledger = createLedger({ plan, disk, time, watch });
  const lives: Lives = createLives({ plan, clock, disk, ledger, network, oracle, time, watch });
  const polls = createPolls({ ledger, lives, oracle, time, watch });

  function handlePackages({ request, fate }: Call): Reply {
    const { packages = [] } = (request.data ?? {}) as { packages?: unknown[] };
    const refuse = (status: number | undefined) =>
      status === undefined ? undefined : { status, data: { detail: 'not this one' }, headers: {} };
    const judge = ({ customerId }: { customerId: number }) => {
      const isChosen = fate?.kind === 'some refused' && (customerId % 10) / 10 < fate.share;
      return refuse(isChosen ? fate.status : poisons.get(customerId));
    };
    const groupMax = fate?.kind === 'torn' ? Math.floor(packages.length * fate.share) : packages.length;
    return inventory.handle(request, judge, groupMax);
  }

  function moveClock(byMs: number) {
    watch.struck('clock moved');
    watch.disturbed();
    clockOffMs += byMs;
  }

  schedulePlan({ plan, crm, inventory, ledger, lives, oracle, polls, time, watch, poisons, moveClock });
  time.after(0, 'world', lives.start);
  return {
    time,
    watch,
    crm,
    inventory,
    poisons,
    oracle,
    lives,
    polls,
    heal() {
      watch.trace(() => 'all faults are over');
      watch.disturbed();
      network.heal();
      ledger.heal();
      polls.limit(pollMaxMs);
      lives.heal();
    },
    mend() {
      poisons.clear();
      crm.unreadable.clear();
    },
  };
}

/** Faults that last until an operator fixes them, or until the retry schedule ends: a record that was refused once waits. */
const lastsUntilFixed = (fault: Fault) =>
  ['poison', 'unreadable'].includes(fault.kind) ||
  fatesOf(fault).some((fate) => 'status' in fate && fate.status !== undefined && [400, 422].includes(fate.status));

/** When the last timed event has ended. `heal` starts a daemon that is still down then. */
function endOf({ arrivals, faults }: Plan): number {
  const arrivedMs = Math.max(...arrivals.map(({ atMs }) => atMs));
  const endMs = (fault: Fault) => {
    if (fault.kind === 'delete') return fault.atMs + (fault.restoredAfterMs ?? 0);
    const atMs = 'atMs' in fault ? fault.atMs : 0;
    return atMs + ('forMs' in fault ? fault.forMs : 'byMs' in fault ? Math.max(fault.byMs, 0) : 0);
  };
  return arrivedMs + Math.max(0, ...faults.map(endMs)) + Math.max(0, ...faults.flatMap(fatesOf).map(echoMs)) + afterMs;
}

function fatesOf(fault: Fault): Fate[] {
  if ('fates' in fault) return fault.fates;
  return 'fate' in fault ? [fault.fate] : [];
}

/** How long after its call a fate may still have an effect. */
function echoMs(fate: Fate): number {
  if (fate.kind === 'twice') return fate.afterMs;
  return fate.kind === 'done late' ? fate.byMs : 0;
}
