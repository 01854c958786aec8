import type { EventEmitter } from 'node:events';
import type { Tokens } from '@doorstep/kit/auth/tokens.ts';
import type { Clock } from '@doorstep/kit/clock.ts';
import type { Database } from '@doorstep/kit/database/open.ts';
import type { CrmDatabase } from './db/schema.ts';
import type { PasswordWork } from './password-work.ts';
import type { ItemSource } from './ports.ts';

export type CrmContext = Pick<Database<CrmDatabase>, 'db' | 'write'> & {
  clock: Clock;
  tokens: Tokens;
  tokenExpiresSeconds: number;
  passwordWork: PasswordWork;
  /** Keys the hashes of login names and addresses. */
  loginAddressKey: Buffer;
  items: ItemSource;
  /** Emits the customer's id, as text, when this process has stored a new state of the customer's package. */
  integrationChanges: EventEmitter;
  /** Call it after the commit of a transaction that wrote events; it wakes the publisher. */
  eventsWritten: () => void;
};
