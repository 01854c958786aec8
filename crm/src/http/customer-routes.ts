import { feedHeaders, feedQuery, feedReply } from '@doorstep/kit/http/feed.ts';
import { idParam } from '@doorstep/kit/http/schemas.ts';
import { z } from 'zod';
import { createCustomer } from '../commands/create-customer.ts';
import { reportIntegration } from '../commands/report-integration.ts';
import { customer, customerInput, integrationReport } from '../customer.ts';
import { toCustomer } from '../db/customer-view.ts';
import { awaitIntegration, mayWait } from '../queries/await-integration.ts';
import { getCustomer } from '../queries/get-customer.ts';
import { listCustomers } from '../queries/list-customers.ts';
import { access } from './access.ts';
import { emailTaken } from './email-taken.ts';
import { preferredWaitSeconds, waitSecondsMax } from './prefer.ts';
import { route } from './route.ts';

const tag = 'customers';
const unknown = { 404: { description: 'No such customer' } };

export const customerRoutes = [
  route({
    method: 'post',
    path: '/customers',
    summary: 'Add a customer, who gets a welcome package',
    tag,
    access: access['POST /customers'],
    headers: z.object({
      prefer: z
        .string()
        .optional()
        .meta({
          description: `\`wait=N\` (1–${waitSecondsMax} s): hold the answer until the package is created or has failed. \`Preference-Applied\` is missing if too many requests wait already`,
          example: 'wait=10',
        }),
    }),
    body: customerInput,
    bodyExample: { name: 'Alice Example', email: 'alice@example.com' },
    responses: {
      201: {
        description: 'Added',
        body: customer,
        headers: z.object({ Location: z.string(), 'Preference-Applied': z.string().optional() }),
      },
      ...emailTaken,
    },
    handler: async (context, request) => {
      const { headers, body } = request;
      const added = toCustomer(await createCustomer(context, body));
      const Location = `/customers/${added.id}`;
      const seconds = preferredWaitSeconds(headers.prefer);
      if (seconds === undefined || !mayWait(context)) return { status: 201, body: added, headers: { Location } };
      const { signal } = request; // a lazy getter; most requests do not wait
      // the customer is stored, so a failure while waiting must not fail the request
      const settled = await awaitIntegration(context, added.id, { seconds, signal }).catch(() => added);
      return { status: 201, body: settled, headers: { Location, 'Preference-Applied': `wait=${seconds}` } };
    },
  }),
  route({
    method: 'get',
    path: '/customers',
    summary: 'List customers in the order in which they were added',
    tag,
    access: access['GET /customers'],
    query: z.object(feedQuery),
    responses: { 200: { description: 'OK', body: z.array(customer), headers: feedHeaders } },
    handler: async (context, { query }) => {
      const rows = await listCustomers(context, query);
      return feedReply({ path: '/customers', query, rows, idOf: (row) => row.id });
    },
  }),
  route({
    method: 'put',
    path: '/customers/integration',
    summary: 'Report delivered and failed packages',
    tag,
    access: access['PUT /customers/integration'],
    body: integrationReport,
    bodyBytesMax: 1024 * 1024,
    bodyExample: { results: [{ customer_id: 1, state: 'delivered', package_id: 1, attempts: 1 }] },
    responses: { 204: { description: 'Stored; unknown ids are ignored' } },
    handler: async (context, { body }) => {
      await reportIntegration(context, body.results);
      return { status: 204 };
    },
  }),
  route({
    method: 'get',
    path: '/customers/{id}',
    summary: 'Get a customer',
    tag,
    access: access['GET /customers/{id}'],
    params: z.object({ id: idParam }),
    responses: { 200: { description: 'OK', body: customer }, ...unknown },
    handler: async (context, { params }) => ({ status: 200, body: await getCustomer(context, params.id) }),
  }),
];
