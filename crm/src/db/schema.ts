import type { Generated } from 'kysely';
import type { IntegrationState } from '../customer.ts';

export type CrmDatabase = {
  customers: {
    id: Generated<number>;
    name: string;
    email: string;
    email_key: string;
    created_at: string;
    integration_state: IntegrationState;
    package_id: string | null;
    integration_attempts: number;
    integration_error: string | null;
    integration_updated_at: string;
  };
  admins: {
    id: Generated<number>;
    username: string;
    password_hash: string;
    created_at: string;
  };
};
