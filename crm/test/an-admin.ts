import { createTokens } from '@doorstep/kit/auth/tokens.ts';
import { type Answer, call } from '@doorstep/kit/test/call.ts';
import type { DatabaseKind } from '@doorstep/kit/test/databases.ts';
import type { Account } from '../src/customer.ts';
import { aCustomer, startTestCrm } from './start.ts';

export const adminKey = { JWT_SECRET_KEY: 'a key of no less than 32 bytes here' };

type Options = { body?: unknown; headers?: Record<string, string> };

/** Calls the CRM as its admin. The CRM must run with `adminKey`. */
export async function adminOf(crm: { url: string }) {
  const claims = { subject: 'admin', role: 'admin', version: 1 };
  const Authorization = `Bearer ${await createTokens(adminKey.JWT_SECRET_KEY).sign(claims, 86_400)}`;
  const admin = (request: string, { body, headers }: Options = {}): Promise<Answer> =>
    call(crm, request, { body, headers: { Authorization, ...headers } });
  const addAccount = async (overrides: Record<string, unknown> = {}): Promise<Account> =>
    (await admin('POST /v1/customers', { body: aCustomer(overrides) })).body;
  return { admin, addAccount };
}

/** A CRM on its own database, with its admin. */
export async function startCrmWithAdmin(kind: DatabaseKind) {
  const crm = await startTestCrm(kind, adminKey);
  return { ...crm, ...(await adminOf(crm)) };
}

export type CrmWithAdmin = Awaited<ReturnType<typeof startCrmWithAdmin>>;
