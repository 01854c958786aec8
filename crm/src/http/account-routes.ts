import { etagHeaders, etagOf, ifMatch, ifNoneMatch, isKnown, requireMatch } from '@doorstep/kit/http/etag.ts';
import { pageBody, pageOf, pageQuery, sortQuery } from '@doorstep/kit/http/page.ts';
import type { AccountLimit } from '@doorstep/kit/http/route.ts';
import { flagQuery, idParam, line } from '@doorstep/kit/http/schemas.ts';
import { z } from 'zod';
import { createCustomer } from '../commands/create-customer.ts';
import { deleteCustomer } from '../commands/delete-customer.ts';
import { restoreCustomer } from '../commands/restore-customer.ts';
import { updateCustomer } from '../commands/update-customer.ts';
import type { CrmContext } from '../context.ts';
import { account, accountChange, accountInput } from '../customer.ts';
import { toAccount } from '../db/customer-view.ts';
import type { CustomerRow } from '../db/customers.ts';
import { getAccount } from '../queries/get-account.ts';
import { isKnownAddressOfCustomer } from '../queries/is-known-address.ts';
import { listAccounts } from '../queries/list-accounts.ts';
import { access } from './access.ts';
import { emailTaken } from './email-taken.ts';
import { tooManyPasswords, turnOf } from './password-turn.ts';
import { route } from './route.ts';

const tag = 'accounts';
const params = z.object({ id: idParam });
const unknown = { 404: { description: 'No such customer' } };
const changed = { 412: { description: 'The customer changed since the version in `If-Match`' } };

/** Customers who change what they log in with. Each try counts: guessing is as limited as it is at the login. */
const loginChanges: AccountLimit<CrmContext> = {
  max: 10,
  countsFailuresOnly: false,
  accountOf: ({ body, caller }) => {
    const { password, current_password, email } = (body ?? {}) as Record<string, unknown>;
    const isOwn = caller?.role === 'customer' && (password ?? current_password ?? email) !== undefined;
    return isOwn ? caller.subject : undefined;
  },
  isKnown: (context, { account, address }) => isKnownAddressOfCustomer(context, Number(account), address),
};

/** One customer, with its version as the ETag. */
function shown(status: number, row: CustomerRow, headers: Record<string, string> = {}) {
  return { status, body: toAccount(row), headers: { ETag: etagOf(row.version), ...headers } };
}

export const accountRoutes = [
  route({
    method: 'get',
    path: '/v1/customers',
    summary: 'List and search customers, page by page',
    tag,
    access: access['GET /v1/customers'],
    query: z.object({
      ...pageQuery,
      search: line({ min: 0, max: 254 }).optional().meta({
        description: 'Text to find anywhere in the name or the email, ignoring case and accents',
        example: 'alice',
      }),
      sort: sortQuery(['id', 'name', 'email', 'created_at']),
      include_deleted: flagQuery,
    }),
    responses: { 200: { description: 'OK', body: pageOf(account) } },
    handler: async (context, { query }) => {
      return { status: 200, body: pageBody(await listAccounts(context, query), query) };
    },
  }),
  route({
    method: 'post',
    path: '/v1/customers',
    summary: 'Add a customer, who gets a welcome package and, with a password, can log in',
    tag,
    access: access['POST /v1/customers'],
    body: accountInput,
    bodyExample: { name: 'Alice Example', email: 'alice@example.com', password: 'correct horse battery staple' },
    responses: {
      201: { description: 'Added', body: account, headers: etagHeaders.extend({ Location: z.string() }) },
      ...emailTaken,
      ...tooManyPasswords,
    },
    handler: async (context, request) => {
      const row = await createCustomer(context, request.body, turnOf(request));
      return shown(201, row, { Location: `/v1/customers/${row.id}` });
    },
  }),
  route({
    method: 'get',
    path: '/v1/customers/{id}',
    summary: 'Get a customer',
    tag,
    access: access['GET /v1/customers/{id}'],
    params,
    headers: z.object({ 'if-none-match': ifNoneMatch }),
    responses: {
      200: { description: 'OK', body: account, headers: etagHeaders },
      304: { description: 'Not changed since the version in `If-None-Match`', headers: etagHeaders },
      ...unknown,
    },
    handler: async (context, { params: { id }, headers }) => {
      const row = await getAccount(context, id);
      const { version } = row;
      return isKnown(headers['if-none-match'], version)
        ? { status: 304, headers: { ETag: etagOf(version) } }
        : shown(200, row);
    },
  }),
  route({
    method: 'put',
    path: '/v1/customers/{id}',
    summary:
      'Change the name, email or password; a new password ends the tokens, and a customer gives the present one for it',
    tag,
    access: access['PUT /v1/customers/{id}'],
    params,
    headers: z.object({ 'if-match': ifMatch }),
    limits: { perAccount: loginChanges },
    body: accountChange,
    bodyExample: { name: 'Alice Example-Smith' },
    responses: {
      200: { description: 'Changed', body: account, headers: etagHeaders },
      401: { description: 'No valid token, or `current_password` is missing or wrong' },
      ...unknown,
      ...emailTaken,
      ...changed,
      ...tooManyPasswords,
    },
    handler: async (context, request) => {
      const { params, headers, body, caller } = request;
      const requireVersion = requireMatch(headers['if-match']);
      const target = { id: params.id, requireVersion, isByAdmin: caller?.role === 'admin' };
      return shown(200, await updateCustomer(context, target, body, turnOf(request)));
    },
  }),
  route({
    method: 'delete',
    path: '/v1/customers/{id}',
    summary: 'Delete a customer, who can be restored later',
    tag,
    access: access['DELETE /v1/customers/{id}'],
    params,
    headers: z.object({ 'if-match': ifMatch }),
    responses: { 204: { description: 'Deleted' }, ...unknown, ...changed },
    handler: async (context, { params: { id }, headers }) => {
      await deleteCustomer(context, { id, requireVersion: requireMatch(headers['if-match']) });
      return { status: 204 };
    },
  }),
  route({
    method: 'post',
    path: '/v1/customers/{id}/restore',
    summary: 'Restore a deleted customer',
    tag,
    access: access['POST /v1/customers/{id}/restore'],
    params,
    responses: {
      200: { description: 'Restored, or not deleted in the first place', body: account, headers: etagHeaders },
      ...unknown,
      ...emailTaken,
    },
    handler: async (context, { params: { id } }) => shown(200, await restoreCustomer(context, id)),
  }),
];
