import { EventEmitter } from 'node:events';
import { createTokens } from '@doorstep/kit/auth/tokens.ts';
import { systemClock } from '@doorstep/kit/clock.ts';
import type { CrmContext } from '../src/context.ts';
import { loginAddressKey } from '../src/login-address.ts';
import { createPasswordWork } from '../src/password-work.ts';
import { secretKey } from './log-in.ts';

const away = async () => ({ kind: 'unavailable' }) as const;

/** What the commands and queries of a CRM receive, for a test that calls them or serves the routes itself. */
export function aContext(
  { db, write }: Pick<CrmContext, 'db' | 'write'>,
  overrides: Partial<CrmContext> = {},
): CrmContext {
  return {
    db,
    write,
    clock: systemClock,
    tokens: createTokens(secretKey),
    tokenExpiresSeconds: 60,
    passwordWork: createPasswordWork(),
    loginAddressKey: loginAddressKey(secretKey),
    items: { list: away, get: away },
    integrationChanges: new EventEmitter(),
    eventsWritten: () => undefined,
    ...overrides,
  };
}
