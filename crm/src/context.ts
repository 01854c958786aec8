import type { EventEmitter } from 'node:events';
import type { Tokens } from '@doorstep/kit/auth/tokens.ts';
import type { Clock } from '@doorstep/kit/clock.ts';
import type { Database } from '@doorstep/kit/database/open.ts';
import type { NewCustomer } from './customer.ts';
import type { CustomerRow } from './db/customers.ts';
import type { CrmDatabase } from './db/schema.ts';
import type { ItemSource } from './ports.ts';

export type CrmContext = Pick<Database<CrmDatabase>, 'db' | 'write'> & {
  clock: Clock;
  tokens: Tokens;
  tokenExpiresSeconds: number;
  items: ItemSource;
  /**
   * Adds a customer, together with those that are to be added at the same time.
   * @throws AppError `conflict` where the email is taken.
   */
  addCustomer: (customer: NewCustomer) => Promise<CustomerRow>;
  /** Emits a customer's id, as text, when the state of its package has changed in this process. */
  integrationChanges: EventEmitter;
  /** To be called once a change of a customer is committed. */
  eventsWritten: () => void;
};
