import type { EventEmitter } from 'node:events';
import type { Tokens } from '@doorstep/kit/auth/tokens.ts';
import type { Clock } from '@doorstep/kit/clock.ts';
import type { Database } from '@doorstep/kit/database/open.ts';
import type { CrmDatabase } from './db/schema.ts';
import type { ItemSource } from './ports.ts';

export type CrmContext = Pick<Database<CrmDatabase>, 'db' | 'write'> & {
  clock: Clock;
  tokens: Tokens;
  tokenExpiresSeconds: number;
  items: ItemSource;
  /** Emits a customer's id, as text, when the state of its package has changed in this process. */
  integrationChanges: EventEmitter;
  /** To be called once a change of a customer is committed. */
  eventsWritten: () => void;
};
