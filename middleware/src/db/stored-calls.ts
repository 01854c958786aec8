import type { RecordedCall } from '../calls.ts';

/** An attempt at an Inventory that pages but has no filter makes up to a hundred look-ups. */
const keptAtEachEnd = 20;

/** JSON. An attempt of one post is described by its other columns, and stores no call. */
export function toStored(calls: RecordedCall[]): string {
  if (calls.length === 1 && calls[0]?.kind === 'post') return '[]';
  const isLong = calls.length > 2 * keptAtEachEnd;
  return JSON.stringify(isLong ? [...calls.slice(0, keptAtEachEnd), ...calls.slice(-keptAtEachEnd)] : calls);
}

type StoredAttempt = {
  started_at: string;
  /** null: interrupted, and nobody knows which calls went out. */
  duration_ms: number | null;
  status: number | null;
  error: string | null;
  calls: string;
};

/** The calls of a stored attempt. An attempt of an earlier release has one. */
export function fromStored({ started_at, duration_ms, status, error, calls }: StoredAttempt): RecordedCall[] {
  const stored: RecordedCall[] = JSON.parse(calls);
  if (stored.length > 0 || duration_ms === null) return stored;
  const kind = status === null && error === null ? 'look-up' : 'post';
  return [{ at: started_at, kind, status, error, duration_ms }];
}
