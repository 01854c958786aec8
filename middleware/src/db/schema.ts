import type { Generated } from 'kysely';
import type { DeliveryRow } from '../delivery-row.ts';

export type LedgerDatabase = {
  cursors: { name: string; last_seen_id: number };
  deliveries: Omit<DeliveryRow, 'posts'> & {
    posts: Generated<number>;
    attempts_removed_until: Generated<string | null>;
  };
  attempts: {
    id: Generated<number>;
    customer_id: number;
    started_at: string;
    duration_ms: number | null;
    status: number | null;
    error: string | null;
    next_attempt_at: string | null;
    /** JSON; empty if the attempt was one post. */
    calls: Generated<string>;
  };
  quarantine: { id: Generated<number>; fingerprint: string; entry: string; reason: string; seen_at: string };
  facts: { name: string; value: string };
};
