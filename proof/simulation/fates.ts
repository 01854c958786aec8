import type { Fate, Plan, ServiceName } from './plan.ts';
import { drawn } from './random.ts';
import type { Reply, Request } from './services.ts';

export const groupUrl = '/packages/batch';

type CallInfo = { service: ServiceName; request: Request; nowMs: number; nth: number; nthGroup: number };

/** Returns what happens to a call: the first fault of the plan that applies to it decides. */
export function fateOf({ seed, faults }: Plan, { service, nowMs, nth, nthGroup }: CallInfo): Fate | undefined {
  for (const fault of faults) {
    switch (fault.kind) {
      case 'group':
        if (fault.nth === nthGroup) return fault.fate;
        break;
      case 'call':
        if (fault.service === service && fault.nth === nth) return fault.fate;
        break;
      case 'outage':
      case 'storm': {
        if (fault.service !== service || nowMs < fault.atMs || nowMs >= fault.atMs + fault.forMs) break;
        if (fault.kind === 'outage') return fault.fate;
        // drawn per call, so that removing another fault changes nothing here
        if (drawn(seed, fault.salt, nth) >= fault.share) break;
        return fault.fates[Math.floor(drawn(seed, fault.salt, nth, 1) * fault.fates.length)];
      }
    }
  }
  return undefined;
}

/** The name under which the summary counts a fate. */
export function nameOf(fate: Fate, { url }: Request): string {
  const name = fate.kind === 'status' ? `status ${fate.status}` : fate.kind;
  return url === groupUrl ? `${name} (group)` : name;
}

/** The answer of a service that did not do the work, or did it and does not say so. */
export function outOfOrder({ status, retryAfterS }: { status: number; retryAfterS?: number | undefined }): Reply {
  const headers: Record<string, string> = retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) };
  return { status, data: { detail: 'out of order' }, headers };
}
