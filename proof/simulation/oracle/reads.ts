import type { Call } from '../network.ts';
import type { Reply } from '../services.ts';
import { Violation } from './violation.ts';

/**
 * After a replay the daemon reads the customer again before it posts: the post has the name that the CRM shows, and
 * there is no post if the CRM no longer has the customer.
 */
export function createReads() {
  const unread = new Set<number>();
  /** The name that the CRM has shown since the replay; undefined if it has no such customer. */
  const shown = new Map<number, string | undefined>();

  return {
    replayed(ids: number[]) {
      for (const id of ids) {
        unread.add(id);
        shown.delete(id);
      }
    },
    answered({ request }: Call, { status, data, headers }: Reply) {
      if (request.method !== 'get' || status !== 200 || (unread.size === 0 && shown.size === 0)) return;
      const customers = new Map((data as { id: number; name: string }[]).map(({ id, name }) => [id, name]));
      const after = Number(request.params['after'] ?? 0);
      const last = 'link' in headers ? Math.max(...customers.keys()) : Number.POSITIVE_INFINITY;
      for (const id of new Set([...unread, ...shown.keys()])) {
        if (id <= after || id > last) continue;
        unread.delete(id);
        shown.set(id, customers.get(id));
      }
    },
    posted(id: number, name: string) {
      if (unread.has(id)) throw new Violation(`customer ${id} is posted after a replay, but was not read again`);
      if (!shown.has(id)) return;
      const known = shown.get(id);
      if (known === undefined) throw new Violation(`customer ${id} is posted, but the CRM no longer has it`);
      if (known !== name) throw new Violation(`customer ${id} is posted as ${name}, but the CRM says ${known}`);
      shown.delete(id);
    },
  };
}
