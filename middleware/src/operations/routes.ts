import { feedHeaders, feedQuery, feedReply } from '@doorstep/kit/http/feed.ts';
import { defineRoute } from '@doorstep/kit/http/route.ts';
import { id, idParam, timestamp } from '@doorstep/kit/http/schemas.ts';
import { z } from 'zod';
import type { MiddlewareContext } from '../context.ts';
import { getDelivery, listDeliveries } from '../queries/deliveries.ts';
import { ledgerSummary } from '../queries/ledger-summary.ts';
import type { LastPoll } from '../sync/run-once.ts';

export type OperationsContext = Pick<MiddlewareContext, 'db' | 'clock'> & {
  version: string;
  lastPoll: () => LastPoll | undefined;
};

const route = defineRoute<OperationsContext>();
const access = { roles: [], open: true } as const;
const tag = 'deliveries';

const deliveryState = z.enum(['pending', 'retrying', 'delivered', 'dead']);

const status = z
  .object({
    version: z.string(),
    cursor: z.int().meta({ description: 'The highest customer id that has been recorded' }),
    last_poll: z.object({ at: timestamp, outcome: z.enum(['found', 'idle', 'failed']), seen: z.int() }).nullable(),
    deliveries: z.object({ pending: z.int(), retrying: z.int(), delivered: z.int(), dead: z.int() }),
    oldest_pending_seconds: z.int().nullable(),
  })
  .meta({ id: 'Status' });

const deliveryFields = {
  customer_id: id,
  customer_name: z.string(),
  state: deliveryState,
  attempts: z.int(),
  package_id: z.union([z.int(), z.string()]).nullable(),
  error: z.string().nullable(),
  next_attempt_at: timestamp.nullable(),
  recorded_at: timestamp,
  updated_at: timestamp,
};
const delivery = z.object(deliveryFields).meta({ id: 'Delivery' });
const deliveryWithHistory = z
  .object({
    ...deliveryFields,
    history: z.array(
      z.object({
        started_at: timestamp,
        duration_ms: z.int().nullable(),
        status: z.int().nullable().meta({ description: 'HTTP status of the answer, where one came' }),
        error: z.string().nullable(),
        next_attempt_at: timestamp.nullable(),
      }),
    ),
  })
  .meta({ id: 'DeliveryWithHistory' });

/** What the operations port shows; nothing here changes anything. */
export const routes = [
  route({
    method: 'get',
    path: '/status',
    summary: 'How the work goes',
    tag,
    access,
    responses: { 200: { description: 'OK', body: status } },
    handler: async (context) => {
      const { cursor, deliveries, oldestPendingSeconds } = await ledgerSummary(context);
      const { version } = context;
      const last_poll = context.lastPoll() ?? null;
      return {
        status: 200,
        body: { version, cursor, last_poll, deliveries, oldest_pending_seconds: oldestPendingSeconds },
      };
    },
  }),
  route({
    method: 'get',
    path: '/deliveries',
    summary: 'Deliveries in the order of their customers; `after` is a customer id',
    tag,
    access,
    query: z.object({ ...feedQuery, state: deliveryState.optional() }),
    responses: { 200: { description: 'OK', body: z.array(delivery), headers: feedHeaders } },
    handler: async (context, { query }) => {
      const rows = await listDeliveries(context, query);
      return feedReply({ path: '/deliveries', query, rows, idOf: (row) => row.customer_id });
    },
  }),
  route({
    method: 'get',
    path: '/deliveries/{customer_id}',
    summary: 'Why a customer has a package, or has none yet: every attempt',
    tag,
    access,
    params: z.object({ customer_id: idParam }),
    responses: {
      200: { description: 'OK', body: deliveryWithHistory },
      404: { description: 'This customer has not been seen in the CRM' },
    },
    handler: async (context, { params }) => ({ status: 200, body: await getDelivery(context, params.customer_id) }),
  }),
];
