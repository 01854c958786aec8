import { createRandom, drawn, type Random } from './random.ts';

/** Everything that is decided before a run: the same plan gives the same run. */
export type Plan = {
  seed: number;
  world: World;
  /** Batches of customers that are added to the CRM. Their ids are 1, 2, 3… */
  arrivals: { atMs: number; count: number }[];
  /** Faults, and an operator's commands. */
  faults: Fault[];
};

export type World = {
  /** `whole-list`: ignores parameters and guarantees no order. */
  crm: 'ours' | 'whole-list' | 'without-reports';
  /**
   * `conflicting`: answers 409 to a second package. `keyed`: knows idempotency keys, but has no look-up. `plain`:
   * creates a package for every post, but has a look-up. `mute`: the same without a look-up.
   */
  inventory: 'ours' | 'conflicting' | 'keyed' | 'plain' | 'mute';
  /** The list of a `plain` Inventory shows a package so long after it was created. */
  lagMs: number;
  startsAt: string;
  hasGroups: boolean;
  pageSize: number;
  concurrency: number;
  retriesMax: number;
  waitsMs: number[];
};

export type ServiceName = 'crm' | 'inventory';

/** What happens to one HTTP call. */
export type Fate =
  | { kind: 'refused' | 'lost before' | 'lost after' | 'no answer' | 'no answer, done' | 'no id' }
  /** The work is done only after the caller has timed out. */
  | { kind: 'done late'; byMs: number }
  | { kind: 'slow'; byMs: number }
  /** The request arrives twice. */
  | { kind: 'twice'; afterMs: number }
  | { kind: 'status'; status: number; retryAfterS?: number; done: boolean }
  /** Only the first packages of a group are created. */
  | { kind: 'torn'; share: number; status?: number }
  /** Some packages of a group are rejected. */
  | { kind: 'some refused'; status: number; share: number };

export type Fault =
  /** Every call to the service has this fate. */
  | { kind: 'outage'; service: ServiceName; atMs: number; forMs: number; fate: Fate }
  /** A share of the calls has one of these fates; `salt` seeds the choice. */
  | { kind: 'storm'; service: ServiceName; atMs: number; forMs: number; share: number; fates: Fate[]; salt: number }
  /** The nth call to the service has this fate. */
  | { kind: 'call'; service: ServiceName; nth: number; fate: Fate }
  /** The nth group posted to the Inventory has this fate. */
  | { kind: 'group'; nth: number; fate: Fate }
  /** The Inventory rejects this customer until an operator fixes that. */
  | { kind: 'poison'; customer: number; status: number }
  /** The CRM fails on this customer until an operator fixes that. */
  | { kind: 'unreadable'; customer: number; atMs: number }
  /** The CRM shows this customer after later ones. */
  | { kind: 'late'; customer: number; byMs: number }
  /** kill -9 before the nth step of the daemon: a call, an answer, a timer, a statement. */
  | { kind: 'crash'; step: number; downMs: number }
  | { kind: 'restart' | 'clock'; atMs: number; byMs: number }
  | { kind: 'disk full' | 'ledger away'; atMs: number; forMs: number }
  | { kind: 'pause'; atMs: number; forMs: number }
  /** The commit succeeds, but its confirmation is lost. */
  | { kind: 'commit lost'; nth: number }
  | { kind: 'replay'; customer: number; atMs: number }
  | { kind: 'replay dead' | 'reconcile' | 'repair'; atMs: number }
  | { kind: 'delete'; customer: number; atMs: number; restoredAfterMs?: number }
  | { kind: 'rename'; customer: number; atMs: number };

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

const usualWaitsMs = [5_000, 30_000, 300_000, 1_800_000, 2 * hourMs, 5 * hourMs, 10 * hourMs, 10 * hourMs];

/** How long a post in doubt may still take effect, beyond its time limit. */
export const settleMs = 60_000;

/** A jump this far makes every delivery due, or none. */
const jumpMaxMs = 3 * dayMs;

export function makePlan(seed: number): Plan {
  const random = createRandom(seed);
  const world = makeWorld(seed, random);
  const spanMs = random.pick([2 * minuteMs, hourMs, dayMs, 5 * dayMs, 30 * dayMs]);
  const arrivals = Array.from({ length: random.integer(1, 4) }, () => ({
    atMs: random.chance(0.4) ? 0 : random.magnitude(1, spanMs),
    count: random.pick([1, 1, 2, 3, 8, 8]),
  })).sort((a, b) => a.atMs - b.atMs);
  const isCrowd = random.chance(0.1);
  if (isCrowd) {
    // enough for a group, and for a second one when the first is halved; pages of one customer would dominate the run
    // time
    Object.assign(random.pick(arrivals), { count: random.integer(51, 130) });
    Object.assign(world, { pageSize: 100, hasGroups: true, concurrency: random.pick([4, 16]) });
  }
  const customers = arrivals.reduce((sum, { count }) => sum + count, 0);
  const means: Means = { random, world, spanMs, arrivals, customers, isCrowd };
  const count = random.pick([0, 1, 1, 2, 2, 3, 4, 6, 9]);
  const faults = Array.from({ length: count }, () => random.pick(kinds)(means));
  if (isCrowd && random.chance(0.8)) faults.push(group(means));
  if (random.chance(0.12)) {
    // only an outage, so that no other fault hides its effects
    const waiting = random.pick([8, 8, 8, 80]);
    arrivals.push({ atMs: 0, count: waiting });
    if (waiting > 50) Object.assign(world, { pageSize: 100, hasGroups: true, concurrency: random.pick([4, 16]) });
    faults.splice(0, Number.POSITIVE_INFINITY, { ...outage(means), service: 'inventory', atMs: 0 } as Fault);
  }
  return { seed, world, arrivals, faults };
}

/** Clocks change in the second night in Australia, and in the third in Europe. */
const starts = ['2026-01-01T00:00:00.000Z', '2026-04-04T10:00:00.000Z', '2026-10-24T20:00:00.000Z'];

function makeWorld(seed: number, random: Random): World {
  const drawnInventory = random.pick(['ours', 'ours', 'conflicting', 'conflicting', 'keyed', 'plain'] as const);
  // drawn by themselves, so that the rest of the plan does not depend on them
  const of = <T>(values: T[], salt: number) => values[Math.floor(drawn(seed, salt) * values.length)] as T;
  const inventory =
    drawnInventory === 'plain' ? of(['plain', 'plain', 'mute'] as const satisfies string[], 101) : drawnInventory;
  return {
    lagMs: inventory === 'plain' ? of([0, 0, 1_500, 4_000, 40_000], 102) : 0,
    startsAt: of(starts, 104),
    crm: random.pick(['ours', 'ours', 'ours', 'whole-list', 'without-reports']),
    inventory,
    hasGroups: random.chance(0.8),
    pageSize: random.pick([1, 3, 10, 100, 500]),
    concurrency: random.pick([1, 2, 4, 16]),
    retriesMax: random.pick([0, 0, 1, 3]),
    waitsMs: random.chance(0.6)
      ? usualWaitsMs
      : random.pick([[1_000], [1_000, 2_000, 60_000], [1_000, 1_000, 5_000, hourMs]]),
  };
}

type Means = Pick<Plan, 'world' | 'arrivals'> & {
  random: Random;
  spanMs: number;
  customers: number;
  /** There are enough customers for groups. */
  isCrowd: boolean;
};
type MakeFault = (means: Means) => Fault;

/** Most faults begin near an arrival, while the daemon has work. */
function atMs({ random, spanMs, arrivals }: Means): number {
  if (random.chance(0.3)) return random.magnitude(1, spanMs);
  return Math.max(random.pick(arrivals).atMs + random.integer(-1_000, 1_000) + random.magnitude(1, minuteMs), 0);
}
const customerOf = ({ random, customers }: Means) => random.integer(1, customers);
const serviceOf = ({ random }: Means): ServiceName => random.pick(['inventory', 'inventory', 'crm']);
const lasting = ({ random }: Means) => random.magnitude(1_000, 10 * dayMs);

const outage: MakeFault = (means) => {
  const { random } = means;
  const status = random.pick([429, 500, 502, 503, 503, 401, 404]);
  const answers: Fate[] = [
    { kind: 'refused' },
    { kind: 'no answer' },
    { kind: 'lost before' },
    { kind: 'status', status, done: false, ...(random.chance(0.6) && { retryAfterS: random.magnitude(1, 7200) }) },
  ];
  return {
    kind: 'outage',
    service: serviceOf(means),
    atMs: atMs(means),
    forMs: lasting(means),
    fate: random.pick(answers),
  };
};

const storm: MakeFault = (means) => {
  const { random } = means;
  const service = serviceOf(means);
  return {
    kind: 'storm',
    service,
    atMs: atMs(means),
    forMs: random.magnitude(1_000, hourMs),
    share: random.pick([0.1, 0.3, 0.6]),
    fates: Array.from({ length: random.integer(1, 3) }, () => makeFate(means, service)),
    salt: random.integer(1, 1e9),
  };
};

const call: MakeFault = (means) => {
  const service = serviceOf(means);
  return { kind: 'call', service, nth: means.random.magnitude(1, 25), fate: makeFate(means, service) };
};

const group: MakeFault = ({ random }) => ({
  kind: 'group',
  nth: random.pick([1, 1, 2, 3]),
  fate: random.pick<Fate>([
    { kind: 'torn', share: random.next(), ...(random.chance(0.5) && { status: random.pick([500, 502, 503]) }) },
    { kind: 'some refused', status: random.pick([400, 409, 422, 429, 500, 503]), share: random.pick([0.1, 0.5, 1]) },
    { kind: 'some refused', status: random.pick([400, 422, 503]), share: 0.3 },
    { kind: 'status', status: random.pick([404, 413, 429, 500, 503]), done: false },
    { kind: 'no answer' },
    { kind: 'no answer, done' },
    { kind: 'lost after' },
  ]),
});

const crash: MakeFault = ({ random }) => ({
  kind: 'crash',
  step: random.chance(0.5) ? random.magnitude(1, 600) : random.integer(1, 600),
  downMs: random.magnitude(1_000, hourMs),
});

const kinds: MakeFault[] = [
  outage,
  outage,
  storm,
  storm,
  call,
  call,
  (means) => (means.isCrowd ? group(means) : call(means)),
  (means) => (means.isCrowd ? group(means) : crash(means)),
  crash,
  crash,
  crash,
  (means) => ({ kind: 'poison', customer: customerOf(means), status: means.random.pick(refusals) }),
  (means) =>
    means.world.crm === 'whole-list'
      ? storm(means)
      : { kind: 'unreadable', customer: customerOf(means), atMs: means.random.pick([0, atMs(means)]) },
  (means) =>
    means.world.crm === 'whole-list'
      ? { kind: 'late', customer: customerOf(means), byMs: means.random.magnitude(1_000, dayMs) }
      : crash(means),
  (means) => ({ kind: 'restart', atMs: atMs(means), byMs: means.random.magnitude(1_000, hourMs) }),
  (means) => ({
    kind: 'clock',
    atMs: atMs(means),
    byMs: means.random.pick([-1, 1]) * means.random.magnitude(1_000, jumpMaxMs),
  }),
  (means) => ({ kind: 'disk full', atMs: atMs(means), forMs: lasting(means) }),
  (means) => ({ kind: 'ledger away', atMs: atMs(means), forMs: means.random.magnitude(1_000, dayMs) }),
  (means) => ({ kind: 'pause', atMs: atMs(means), forMs: lasting(means) }),
  ({ random }) => ({ kind: 'commit lost', nth: random.magnitude(1, 60) }),
  (means) => ({ kind: 'replay', customer: customerOf(means), atMs: atMs(means) }),
  (means) => ({ kind: 'replay', customer: customerOf(means), atMs: atMs(means) }),
  (means) => ({ kind: 'replay dead', atMs: atMs(means) }),
  (means) => ({ kind: 'reconcile', atMs: atMs(means) }),
  (means) => ({ kind: 'repair', atMs: atMs(means) }),
  (means) => ({
    kind: 'delete',
    customer: customerOf(means),
    atMs: atMs(means),
    ...(means.random.chance(0.5) && { restoredAfterMs: means.random.magnitude(1_000, dayMs) }),
  }),
  (means) => ({ kind: 'rename', customer: customerOf(means), atMs: atMs(means) }),
];

const refusals = [400, 400, 401, 403, 409, 413, 422, 429, 500, 503];

function makeFate({ random, world }: Means, service: ServiceName): Fate {
  const isUnique = world.inventory !== 'plain' && world.inventory !== 'mute';
  // the core believes a single 404 from a healthy CRM: it has no route for reports
  const absent = service === 'crm' ? [] : [404];
  const status = random.pick([400, 401, 403, ...absent, 408, 409, 425, 429, 500, 500, 502, 503, 503]);
  const fates: Fate[] = [
    { kind: 'refused' },
    { kind: 'lost before' },
    { kind: 'lost after' },
    { kind: 'no answer' },
    { kind: 'no answer, done' },
    { kind: 'slow', byMs: random.magnitude(10, 9_000) },
    {
      kind: 'status',
      status,
      // an answer with Retry-After says that nothing was done, and only a unique package survives that lie
      ...(random.chance(0.7)
        ? { retryAfterS: random.magnitude(1, 7200), done: isUnique && status >= 500 && random.chance(0.4) }
        : { done: status >= 500 && random.chance(0.4) }),
    },
    { kind: 'status', status: 429, done: false, retryAfterS: random.magnitude(1, 7200) },
  ];
  // weighted, because other events can happen during a slow answer
  if (service === 'crm') return random.pick([...fates, ...fates.filter(({ kind }) => kind === 'slow')]);
  fates.push({ kind: 'no id' });
  if (random.chance(0.6)) return random.pick(fates);
  // the settle time has to be long enough for an Inventory that does not refuse doubles
  if (!isUnique) return { kind: 'done late', byMs: random.magnitude(1_000, settleMs - world.lagMs - 1_000) };
  return random.pick([
    { kind: 'done late', byMs: random.magnitude(1_000, hourMs) },
    { kind: 'twice', afterMs: random.magnitude(1, minuteMs) },
  ]);
}
