import type { Life } from './network.ts';
import type { Plan } from './plan.ts';
import { createRandom } from './random.ts';
import type { Disk, StatementFault } from './storage.ts';
import type { VirtualTime } from './virtual-time.ts';
import type { Watch } from './watch.ts';

type Means = { plan: Plan; disk: Disk; time: VirtualTime; watch: Watch };

/** The share of statements that take time, so that other work runs between them. */
const slowStatements = 0.1;

/** The ledger's storage, with the storage faults of the plan. */
export function createLedger({ plan, disk, time, watch }: Means) {
  const random = createRandom(plan.seed + 1);
  const commitsLost = new Set(plan.faults.flatMap((fault) => (fault.kind === 'commit lost' ? [fault.nth] : [])));
  const troubles = { 'disk full': 0, 'ledger away': 0 };
  let commits = 0;
  let healed = false;

  function faultOf(sql: string): StatementFault {
    if (healed) return {};
    if (troubles['ledger away'] > 0) {
      disk.recover();
      return { before: Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }) };
    }
    if (troubles['disk full'] > 0 && /^(insert|update|delete)/.test(sql)) {
      return { before: Object.assign(new Error('database or disk is full'), { errcode: 13 }) };
    }
    if (sql !== 'commit') return {};
    commits += 1;
    if (!commitsLost.has(commits)) return {};
    watch.struck('commit lost');
    watch.disturbed();
    return { after: Object.assign(new Error('the connection was lost'), { code: '08006' }) };
  }

  return {
    open: ({ step, isAlive }: Life) =>
      disk.open({
        isAlive,
        async turn(sql) {
          await step();
          if (random.next() < slowStatements) await time.wait(1, 'daemon');
          watch.trace(() => `sql ${sql.slice(0, 80)}`);
        },
        faultOf,
      }),
    isWell: () => troubles['disk full'] === 0 && troubles['ledger away'] === 0,
    begin(kind: keyof typeof troubles) {
      watch.struck(kind);
      troubles[kind] += 1;
    },
    end(kind: keyof typeof troubles) {
      troubles[kind] -= 1;
    },
    heal() {
      healed = true;
    },
  };
}

export type Ledger = ReturnType<typeof createLedger>;
