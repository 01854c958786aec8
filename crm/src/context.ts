import type { EventEmitter } from 'node:events';
import type { Tokens } from '@doorstep/kit/auth.ts';
import type { Clock } from '@doorstep/kit/clock.ts';
import type { Database } from '@doorstep/kit/database/open.ts';
import type { CrmDatabase } from './db/schema.ts';

export type CrmContext = Pick<Database<CrmDatabase>, 'db' | 'write'> & {
  clock: Clock;
  tokens: Tokens;
  tokenExpiresSeconds: number;
  /** Emits a customer's id, as text, when the state of its package has changed in this process. */
  integrationChanges: EventEmitter;
};
