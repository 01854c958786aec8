import { isNumber } from './customer-key.ts';
import type { SeenCustomer } from './delivery.ts';

/** Where the middleware begins, as START_FROM says. */
export type StartFrom = { text: string } & (
  | { kind: 'beginning' | 'now' }
  | { kind: 'id'; id: number }
  | { kind: 'time'; time: string }
);

export const fromBeginning: StartFrom = { text: 'beginning', kind: 'beginning' };

/** Undefined unless it is `beginning`, `now`, a customer id or an ISO 8601 time; a time without an offset is in UTC. */
export function parseStartFrom(text: string): StartFrom | undefined {
  if (text === 'beginning' || text === 'now') return { text, kind: text };
  if (/^[1-9]\d{0,14}$/.test(text)) return { text, kind: 'id', id: Number(text) };
  const [, date, clock = 'T00:00:00', offset = 'Z'] =
    /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)?(Z|[+-]\d\d:\d\d)?$/.exec(text) ?? [];
  if (date === undefined || new Date(`${date}T00:00:00Z`).getUTCDate() !== Number(date.slice(8))) return undefined;
  const time = new Date(`${date}${clock}${offset}`);
  return Number.isNaN(time.getTime()) ? undefined : { text, kind: 'time', time: time.toISOString() };
}

/**
 * Whether the customer gets no package, because it is from before the start. `upTo`: the highest id at the first poll.
 * `isLate`: it was not there when the customers around it were recorded. A customer without a time counts as before a time
 * if it was in the CRM at the first poll. Ids of text have no order: `isFirst` says that the first poll is not over yet.
 */
export function isBefore(
  { id, createdAt }: SeenCustomer,
  start: StartFrom,
  { upTo, isLate, isFirst }: { upTo: number; isLate: boolean; isFirst: boolean },
): boolean {
  if (start.kind === 'beginning') return false;
  if (start.kind === 'id') return isNumber(id) && id < start.id;
  if (start.kind === 'time' && createdAt !== undefined) return createdAt < start.time;
  return isNumber(id) ? id <= upTo && !isLate : isFirst;
}
