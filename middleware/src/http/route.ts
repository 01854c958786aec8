import { defineRoute } from '@doorstep/kit/http/route.ts';
import type { MiddlewareContext } from '../context.ts';
import { operatorRole } from '../ports.ts';
import type { Sync } from '../sync.ts';

export type OperationsContext = Pick<MiddlewareContext, 'db' | 'write' | 'clock' | 'names'> & {
  version: string;
  sync: Pick<Sync, 'pollAnew' | 'settle' | 'lastPoll' | 'crmList' | 'breaker'>;
};

export const route = defineRoute<OperationsContext>();

/** The operations port is open to the admin, and to anyone who can read the token key. */
export const access = { open: true, roles: ['admin', operatorRole] } as const;
