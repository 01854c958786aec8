/** A line of the core, or of what stands around it in the simulation, and what it is replaced with. */
export type PlantedFault = {
  name: string;
  /** From the root of the repository. */
  file: string;
  find: string;
  replace: string;
  /** The seed that found it last. After a change to the core, `npm run simulate -- --planted` names the new one. */
  knownSeed: number;
  /** The simulation has to find it within so many seeds. */
  seedsMax: number;
};

/** The faults that delivery engines are known for, one line each. */
export const plantedFaults: PlantedFault[] = [
  {
    name: 'marked before the answer',
    file: 'middleware/src/deliver/dispatcher.ts',
    find: 'const { finished, notTaken } = await deliver(',
    replace: `await store(context, deliveries.map((delivery) => ({ delivery,
      outcome: { kind: 'delivered', packageId: 1, existed: false }, decision: { state: 'delivered', packageId: 1 },
      endedAt: 'post', calls: [], startedAt: new Date(0).toISOString(), durationMs: 0 })));
    const { finished, notTaken } = await deliver(`,
    knownSeed: 160,
    seedsMax: 20,
  },
  {
    name: 'cursor moved before recording',
    file: 'middleware/src/intake/record.ts',
    find: 'const options = { skips, lastListed: isLast ? lastListed : undefined };',
    replace: `const options = { skips, lastListed: isLast ? lastListed : undefined };
    const last = slice.filter(hasNumber).at(-1);
    if (last) await context.write((trx) => moveCursor(trx, last.id));`,
    knownSeed: 185,
    seedsMax: 100,
  },
  {
    name: 'unique constraint dropped',
    file: 'proof/simulation/services.ts',
    find: "const isUnique = kind === 'ours' || kind === 'conflicting';",
    replace: 'const isUnique = false;',
    knownSeed: 226,
    seedsMax: 400,
  },
  {
    name: 'idempotency key that changes between attempts',
    file: 'middleware/src/deliver/attempt.ts',
    find: 'return { customerId, customerName, idempotencyKey: names.idempotencyKeyOf(customerId) };',
    replace: `const key = names.idempotencyKeyOf(customerId);
  return { customerId, customerName, idempotencyKey: (arguments[0] as ClaimedDelivery).attempts > 0 ? 'retry' : key };`,
    knownSeed: 161,
    seedsMax: 100,
  },
  {
    name: 'posted before the claim is stored',
    file: 'kit/src/database/group-commit.ts',
    find: 'const results = await job.runAll(trx, inputs, context as never);',
    replace: `const results = await job.runAll(trx, inputs, context as never);
      for (const [place, { resolve }] of callers.entries()) resolve(results[place] as never);`,
    knownSeed: 160,
    seedsMax: 20,
  },
  {
    name: 'poison that stops the page',
    file: 'middleware/src/intake/poll.ts',
    find: 'const brokenPollsMax = 3;',
    replace: 'const brokenPollsMax = Infinity;',
    knownSeed: 162,
    seedsMax: 200,
  },
  {
    name: 'jitter forgotten',
    file: 'middleware/src/deliver/decide.ts',
    find: 'const jittered = spread(wait, random);',
    replace: 'const jittered = wait;',
    knownSeed: 168,
    seedsMax: 200,
  },
  {
    name: 'breaker that never closes',
    file: 'middleware/src/pace/breaker.ts',
    find: 'state = closed();\n      return ended;',
    replace: "if (state.kind === 'closed') state = closed();\n      return ended;",
    knownSeed: 164,
    seedsMax: 200,
  },
  {
    name: 'group answered as a whole',
    file: 'middleware/src/deliver/attempt.ts',
    find: 'answers[index] as Answer',
    replace: 'answers[0] as Answer',
    knownSeed: 160,
    seedsMax: 300,
  },
  {
    name: 'replay that doubles',
    file: 'middleware/src/life-cycle.ts',
    find: "before_post: 'read and look' as const,",
    replace: "before_post: 'nothing',",
    knownSeed: 161,
    seedsMax: 300,
  },
  {
    name: 'report lost at a crash',
    file: 'middleware/src/report.ts',
    find: 'const answer = await source.report(rows.map(toResult));',
    replace: 'await write((trx) => markReported(trx, rows)); const answer = await source.report(rows.map(toResult));',
    knownSeed: 185,
    seedsMax: 100,
  },
  {
    name: 'pause that is not looked at',
    file: 'middleware/src/deliver/take-up.ts',
    find: 'if (await isPaused(trx)) return { deliveries: [], grouped: false };',
    replace: '',
    knownSeed: 177,
    seedsMax: 300,
  },
  {
    name: 'too many requests taken for a refusal',
    file: 'middleware/src/adapters/inventory-answers.ts',
    find: "if (isRetryableStatus(status)) return 'busy';",
    replace: "if (isRetryableStatus(status) && status !== 429) return 'busy';",
    knownSeed: 168,
    seedsMax: 300,
  },
  {
    name: 'outage that uses up the schedule',
    file: 'middleware/src/deliver/decide.ts',
    find: "if (whose === 'inventory' && breaker !== 'closed') return waiting('breaker', 0, waitsUsed);",
    replace: '',
    knownSeed: 164,
    seedsMax: 300,
  },
  {
    name: 'group at once after an outage',
    file: 'middleware/src/pace/gate.ts',
    find: 'if (!growth.isGrown()) return',
    replace: 'if (growth.limit() < 0) return',
    knownSeed: 181,
    seedsMax: 400,
  },
  {
    name: 'probe that is posted again at once',
    file: 'middleware/src/pace/gate.ts',
    find: "quickRetries: kind() === 'closed',",
    replace: 'quickRetries: true,',
    knownSeed: 165,
    seedsMax: 300,
  },
  {
    name: 'Retry-After that is not heeded',
    file: 'middleware/src/deliver/decide.ts',
    find: 'Math.max(jittered, Math.min(afterMs, retryAfterMaxMs), settleMs)',
    replace: 'Math.max(jittered, settleMs)',
    knownSeed: 714,
    seedsMax: 1_000,
  },
  {
    name: 'everybody at once after an outage',
    file: 'middleware/src/pace/growth.ts',
    find: 'limit = Math.max(Math.floor(limit / 2), 1);',
    replace: 'limit = max;',
    knownSeed: 181,
    seedsMax: 300,
  },
  {
    name: 'replay by what was known before',
    file: 'middleware/src/life-cycle.ts',
    find: "before_post: 'read and look' as const,",
    replace: "before_post: 'look',",
    knownSeed: 161,
    seedsMax: 300,
  },
  {
    name: 'doubt forgotten at a kill',
    file: 'middleware/src/life-cycle.ts',
    find: 'const before = atLeastLook(before_post);\n  return { customer_id, posts: posts + 1, claimed_at: null, before_post: before, doubt_at: claimed_at };',
    replace: 'return { customer_id, posts: posts + 1, claimed_at: null, before_post };',
    knownSeed: 232,
    seedsMax: 300,
  },
  {
    name: 'looks once, at once, and believes it',
    file: 'middleware/src/settling.ts',
    find: 'return Math.max(0, wait.endMs - clock.monotonicMs());',
    replace: 'return 0;',
    knownSeed: 301,
    seedsMax: 400,
  },
  {
    name: 'settled by a clock that is set',
    file: 'middleware/src/settling.ts',
    find: 'const wait = waits.get(customerId) ?? { endMs: endOf(doubtAt), isOwn: false };',
    replace:
      'const wait = { endMs: clock.monotonicMs() + Date.parse(doubtAt) + waitMs - clock.now().getTime(), isOwn: false };',
    knownSeed: 2976,
    seedsMax: 2_000,
  },
  {
    name: 'posted again although nobody can tell',
    file: 'middleware/src/deliver/doubt.ts',
    find: "if (absence === 'none') return undefined;",
    replace: 'if (absence) return undefined;',
    knownSeed: 302,
    seedsMax: 400,
  },
  {
    name: 'repeated at once although the answer was lost',
    file: 'middleware/src/adapters/inventory-client.ts',
    find: "return !mayHaveBeenMade || (await idempotency()) === 'permanent';",
    replace: 'return true;',
    knownSeed: 180,
    seedsMax: 400,
  },
  {
    name: 'doubt forgotten at a restart',
    file: 'middleware/src/settling.ts',
    find: 'return Math.max(openedMs + waitMs, clock.monotonicMs() + Math.min(byClockMs, waitMs));',
    replace: 'return clock.monotonicMs();',
    knownSeed: 900,
    seedsMax: 1_500,
  },
  {
    name: 'local time',
    file: 'middleware/src/deliver/decide.ts',
    find: 'const dueAt = new Date(now.getTime() + waitMs).toISOString();',
    replace: `const local = new Date(now.getFullYear(), now.getMonth(), now.getDate(), now.getHours(), now.getMinutes(),
      now.getSeconds(), now.getMilliseconds() + waitMs);
    const dueAt = local.toISOString();`,
    knownSeed: 209,
    seedsMax: 400,
  },
];
