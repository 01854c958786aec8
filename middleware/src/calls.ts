import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock } from '@doorstep/kit/clock.ts';
import type { CustomerKey } from './delivery.ts';

/** A call that went out during an attempt: a post or a look-up to the Inventory, or a read of the CRM. */
export type RecordedCall = {
  at: string;
  kind: 'post' | 'look-up' | 'read';
  /** null without an answer. */
  status: number | null;
  error: string | null;
  duration_ms: number;
};

/** `customerId`: the one delivery of a group that the call was made for. */
type Entry = { call: RecordedCall; customerId: CustomerKey | undefined };
type Recording = { clock: Clock; entries: Entry[]; customerId?: CustomerKey };

// the runtime passes it on, so that no port has a parameter for it, and concurrent attempts do not mix their calls
const recordings = new AsyncLocalStorage<Recording>();

/** Runs an attempt. Gives its result, and the calls that were made for a customer, in the order in which they began. */
export async function recordCalls<Result>(clock: Clock, attempt: () => Promise<Result>) {
  const entries: Entry[] = [];
  const result = await recordings.run({ clock, entries }, attempt);
  return { result, callsOf: sortOut(entries) };
}

/** Within `recordCalls`: the calls of `run` are made for this customer alone. */
export function callsFor<Result>(customerId: CustomerKey, run: () => Promise<Result>): Promise<Result> {
  const recording = recordings.getStore();
  return recording ? recordings.run({ ...recording, customerId }, run) : run();
}

/** A call begins. Gives a function for its end; undefined outside of an attempt. */
export function beginCall(kind: RecordedCall['kind']): ((status?: number, error?: string) => void) | undefined {
  const recording = recordings.getStore();
  if (!recording) return undefined;
  const { clock, entries, customerId } = recording;
  const startedMs = clock.monotonicMs();
  const at = clock.now().toISOString();
  const call: RecordedCall = { at, kind, status: null, error: null, duration_ms: 0 };
  entries.push({ call, customerId });
  return (status, error) => {
    call.duration_ms = Math.round(clock.monotonicMs() - startedMs);
    call.status = status ?? null;
    call.error = error ?? null;
  };
}

/** The post of a group is one call for all of its customers, and is not copied for each. */
function sortOut(entries: Entry[]): (customerId: CustomerKey) => RecordedCall[] {
  const shared = entries.filter(({ customerId }) => customerId === undefined);
  const sharedCalls = shared.map(({ call }) => call);
  if (shared.length === entries.length) return () => sharedCalls;
  const places = new Map(entries.map((entry, place) => [entry, place]));
  const place = (entry: Entry) => places.get(entry) as number;
  const byCustomer = Map.groupBy(entries, ({ customerId }) => customerId);
  return (customerId) => {
    const own = byCustomer.get(customerId);
    if (!own) return sharedCalls;
    return [...shared, ...own].sort((a, b) => place(a) - place(b)).map(({ call }) => call);
  };
}

/** Calls that asked the Inventory for the package. */
export function countPosts(calls: RecordedCall[]): number {
  return calls.filter(({ kind }) => kind === 'post').length;
}
