import type { Generated } from 'kysely';
import type { CustomerFields, IntegrationState } from '../customer.ts';
import type { EventType } from '../event.ts';

/** The type of each field's column. */
export const customerFieldColumns = {
  name: 'text',
  email: 'text',
} as const satisfies Record<keyof CustomerFields, string>;

export type CrmDatabase = {
  customers: CustomerFields & {
    id: Generated<number>;
    email_key: string;
    /** See `searchKey`. */
    search_key: string;
    password_hash: string | null;
    /** Counts every change of the row. */
    version: Generated<number>;
    /** Counts the changes that invalidate issued tokens. */
    credentials_version: Generated<number>;
    created_at: string;
    deleted_at: string | null;
    integration_state: IntegrationState;
    /** JSON */
    package_id: string | null;
    integration_attempts: number;
    integration_error: string | null;
    integration_updated_at: string;
  };
  admins: {
    id: Generated<number>;
    username: string;
    password_hash: string;
    credentials_version: Generated<number>;
    created_at: string;
  };
  login_addresses: {
    /** Keyed hash of the login name. */
    account: string;
    /** Keyed hash of the address, together with the login name. */
    address: string;
    last_at: string;
  };
  events: {
    id: Generated<number>;
    type: EventType;
    customer_id: number;
    time: string;
    /** JSON */
    data: string;
    published_at: string | null;
  };
  leads: {
    id: Generated<number>;
    email: string;
    name: string | null;
    status: string;
    created_at: string;
  };
  actions: {
    id: Generated<number>;
    lead_id: number | null;
    action_type: string;
    details: string | null;
    created_at: string;
  };
  processes: {
    id: Generated<number>;
    name: string;
    lead_id: number | null;
    channel: string | null;
    last_action_id: number | null;
    next_followup_datetime: string | null;
    status: string;
    created_at: string;
  };
};
