import type { MiddlewareContext } from '../context.ts';
import type { PollResult } from './poll.ts';

/** What is known of the list of a CRM that ignores `after`. */
export type CrmList = { seen: number; total: number | null; warning: string | null };

const hourMs = 3_600_000;

/**
 * Says once that a CRM ignores `after`. Warns if customers of its list cannot be read: at once, again when that changes,
 * and each hour.
 */
export function createListWatch({ logger, clock }: Pick<MiddlewareContext, 'logger' | 'clock'>) {
  let current: CrmList | null = null;
  let isTold = false;
  let warned: { warning: string; atMs: number } | undefined;

  function warn(warning: string) {
    const nowMs = clock.monotonicMs();
    if (warned?.warning === warning && nowMs - warned.atMs < hourMs) return;
    warned = { warning, atMs: nowMs };
    logger.warn(warning);
  }

  return {
    polled({ outcome, list }: PollResult) {
      if (!list) {
        if (outcome !== 'failed') current = null;
        return;
      }
      const { seen, total = null, extent } = list;
      const warning = extent === 'part' ? describePart(seen, total) : null;
      current = { seen, total, warning };
      if (warning !== null) return warn(warning);
      warned = undefined;
      if (!isTold) logger.info(`the CRM ignores \`after\`: ${these(seen)} taken as its whole list`);
      isTold = true;
    },
    list: () => current,
  };
}

function describePart(seen: number, total: number | null): string {
  const shown = total === null ? `${seen} of its customers` : `${seen} of its ${total} customers`;
  return `the CRM shows only ${shown} and ignores \`after\`: the others cannot be read and get no package`;
}

function these(seen: number): string {
  return seen === 1 ? 'this 1 customer is' : `these ${seen} customers are`;
}
