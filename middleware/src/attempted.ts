import type { RecordedCall } from './calls.ts';
import type { ClaimedDelivery, Decision, Outcome } from './delivery.ts';

/** An attempt at one delivery. `endedAt` is its last step: a failed read means that the Inventory was not asked at all. */
export type Attempted = { delivery: ClaimedDelivery; outcome: Outcome; endedAt: 'look' | 'read' | 'post' };

/** One call to the Inventory, for one delivery or for a group. */
export type CallResult = { attempted: Attempted[]; verdict: GroupVerdict };

/** The Inventory's answer to the group as a whole. */
export type GroupVerdict =
  | { kind: 'taken' }
  /** No usable answer; each delivery has its own retry. */
  | { kind: 'failed' }
  /** The deliveries were not posted, and have to go in another form: one by one if groups are `unsupported`, else in smaller groups. */
  | { kind: 'not-taken'; deliveries: ClaimedDelivery[]; inDoubt: boolean; reason: string; unsupported: boolean };

/** An attempt that has ended, with what happens next. */
export type Finished = Attempted & {
  decision: Decision;
  calls: RecordedCall[];
  startedAt: string;
  durationMs: number;
};
