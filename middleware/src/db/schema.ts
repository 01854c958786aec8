import type { Generated } from 'kysely';
import type { DeliveryState } from '../delivery.ts';

export type LedgerDatabase = {
  cursors: { name: string; last_seen_id: number };
  deliveries: {
    customer_id: number;
    customer_name: string;
    customer_created_at: string | null;
    state: DeliveryState;
    attempts: number;
    waits_used: number;
    due_at: string | null;
    claimed_at: string | null;
    in_doubt: 0 | 1;
    stale: 0 | 1;
    package_id: string | null;
    error: string | null;
    report_pending: 0 | 1;
    recorded_at: string;
    waiting_since: string | null;
    updated_at: string;
  };
  attempts: {
    id: Generated<number>;
    customer_id: number;
    started_at: string;
    duration_ms: number | null;
    status: number | null;
    error: string | null;
    next_attempt_at: string | null;
  };
  quarantine: { id: Generated<number>; fingerprint: string; entry: string; reason: string; seen_at: string };
  facts: { name: string; value: string };
};
