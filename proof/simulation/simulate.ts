import { resume } from '@doorstep/middleware/src/commands/pause.ts';
import { replayDead } from '@doorstep/middleware/src/commands/replay.ts';
import type { MiddlewareContext } from '@doorstep/middleware/src/context.ts';
import { reconcile } from '@doorstep/middleware/src/reconcile/reconcile.ts';
import { watchBothSides } from '@doorstep/middleware/src/reconcile/watch.ts';
import { schedulePlan } from './happenings.ts';
import { createLedger } from './ledger.ts';
import { createLives, type Lives } from './lives.ts';
import { type Call, createNetwork } from './network.ts';
import { createOracle } from './oracle/oracle.ts';
import { Violation } from './oracle/violation.ts';
import type { Fate, Fault, Plan } from './plan.ts';
import { createPolls } from './polls.ts';
import { createCrm, createInventory, type Reply } from './services.ts';
import type { Disk } from './storage.ts';
import { createVirtualTime, useVirtualTime } from './virtual-time.ts';
import { createWatch } from './watch.ts';

export type Outcome = {
  /** What was broken; undefined where every promise was kept. */
  violation: string | undefined;
  customers: number;
  packages: number;
  virtualMs: number;
  /** How often each kind of fault has struck. */
  faults: Record<string, number>;
};

type Options = {
  disk: Disk;
  /** Told everything that happens. */
  trace?: ((line: string) => void) | undefined;
};

const hourMs = 3_600_000;
/** A run that goes on for ever breaks a promise as well. */
const eventsMax = 100_000;

/** For what nobody has caught: it belongs to the run in progress. */
export let reportUncaught: (error: unknown) => void = () => undefined;

/**
 * Runs the core through a plan, and then, when everything is well again, to its end. Gives whether it has kept what is
 * promised. The same plan gives the same, to the byte.
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

  /** Until nothing is left to do: the longest wait there is, or all of them where somebody is refused again and again. */
  async function settle(what: string, needsPerson = false) {
    const waitsMs = [hourMs, ...plan.world.waitsMs];
    const longestMs = needsPerson ? waitsMs.reduce((sum, wait) => sum + wait) : Math.max(...waitsMs);
    // past each whom the CRM cannot show it goes after some polls, and those are rare here
    const patienceMs = 1.2 * longestMs + 3 * hourMs + 4 * pollMaxMs * crm.unreadable.size;
    const deadlineMs = time.nowMs() + patienceMs;
    polls.soon();
    await time.run(() => {
      if (time.nowMs() > deadlineMs) {
        watch.fail(new Violation(`${what}, somebody still waits after ${Math.round(patienceMs / hourMs)} hours`));
      }
      const isOpen = lives.daemon()?.sync.breaker() === 'open';
      return isOver() || (time.daemonSleeps() && oracle.isSettled(new Set(isOpen ? poisons.keys() : [])));
    });
  }

  /** Something that a person does, to its end. */
  async function act<Result>(run: (context: MiddlewareContext) => Promise<Result>): Promise<Result | undefined> {
    let done: { result: Result | undefined } | undefined;
    void lives.operate(run).then((result) => {
      done = { result };
    });
    await time.run(() => isOver() || done !== undefined);
    return done?.result;
  }

  async function proveEquality() {
    // whoever was deleted before a poll came, and is there again, is found by a comparison
    await act((context) => watchBothSides(context, new AbortController().signal));
    await settle('after a comparison');
    const proof = await act((context) => reconcile(context, { onException: () => undefined }));
    if (proof?.kind === 'done' && proof.reconciliation.proven) return;
    watch.fail(new Violation(`the comparison proves nothing: ${JSON.stringify(proof)}`));
  }

  const isKept = () => watch.violation() === undefined;
  await time.run(() => isOver() || time.nowMs() >= endOf(plan));
  heal();
  await act(resume);
  await settle('after the last fault', plan.faults.some(isForPerson));
  if (isKept()) watch.guarded(oracle.checkEnds)();
  mend();
  if (isKept()) await act((context) => replayDead(context, {}));
  if (isKept()) await settle('after a replay of the dead');
  if (isKept() && plan.world.inventory !== 'keyed') await proveEquality();
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

const startMs = Date.parse('2026-01-01T00:00:00.000Z');
const pollMaxMs = 2 * hourMs;
/** What is still on its way arrives. */
const afterMs = 60_000;

/** Everything that a run consists of. `heal` ends the faults, `mend` what only a person can put right. */
function createSimulation(plan: Plan, { disk, trace }: Options) {
  const { world } = plan;
  let clockOffMs = 0;
  const time = createVirtualTime({ beforeDaemon: () => lives.dies() });
  useVirtualTime(time);
  const clock = { now: () => new Date(startMs + time.nowMs() + clockOffMs), monotonicMs: time.nowMs };
  const watch = createWatch(time.nowMs, trace);
  disk.recover();
  disk.wipe();
  const crm = createCrm(world.crm, () => clock.now().toISOString());
  const inventory = createInventory(world.inventory, world.hasGroups);
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

  schedulePlan({ plan, crm, ledger, lives, oracle, polls, time, watch, poisons, moveClock });
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
      watch.trace(() => 'everything is well again');
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

/** What lasts until a person puts it right. */
const isForPerson = ({ kind }: Fault) => kind === 'poison' || kind === 'unreadable';

/** When everything that has a time has come to its end; who is down after a crash is started as everything is made well. */
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

/** So long after its call, something may still come of it. */
function echoMs(fate: Fate): number {
  if (fate.kind === 'twice') return fate.afterMs;
  return fate.kind === 'done late' ? fate.byMs : 0;
}
