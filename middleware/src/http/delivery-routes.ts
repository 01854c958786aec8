import { feedHeaders, feedQuery, feedReply } from '@doorstep/kit/http/feed.ts';
import { id, timestamp } from '@doorstep/kit/http/schemas.ts';
import { z } from 'zod';
import { replay, replayEnded } from '../commands/replay.ts';
import { settle } from '../commands/settle.ts';
import { getDelivery, listDeliveries } from '../queries/deliveries.ts';
import { listQuarantined } from '../queries/list-quarantined.ts';
import { customerKey, deliveryFilter, deliveryState, endRange, packageIdGiven } from './filters.ts';
import { access, route } from './route.ts';

const tag = 'deliveries';

const deliveryFields = {
  customer_id: z.union([z.int(), z.string()]).meta({ example: 1 }),
  customer_name: z.string(),
  state: deliveryState,
  attempts: z.int().meta({
    description:
      'Posts to the Inventory that went out for this customer, quick retries included; look-ups do not count',
  }),
  package_id: z.union([z.int(), z.string()]).nullable(),
  error: z.string().nullable(),
  next_attempt_at: timestamp.nullable(),
  recorded_at: timestamp,
  updated_at: timestamp,
};
const delivery = z.object(deliveryFields).meta({ id: 'Delivery' });
const call = z
  .object({
    at: timestamp,
    kind: z.enum(['post', 'look-up', 'read']).meta({
      description: 'A post or a look-up to the Inventory, or a read of the CRM',
    }),
    status: z.int().nullable(),
    error: z.string().nullable(),
    duration_ms: z.int(),
  })
  .meta({ id: 'Call' });
const deliveryWithHistory = z
  .object({
    ...deliveryFields,
    attempts_removed_until: timestamp
      .nullable()
      .meta({ description: 'Attempts up to this time were removed (`RETENTION_DAYS`)' }),
    history: z.array(
      z.object({
        started_at: timestamp,
        duration_ms: z.int().nullable(),
        status: z.int().nullable().meta({ description: 'HTTP status of the answer; null without an answer' }),
        error: z.string().nullable(),
        next_attempt_at: timestamp.nullable(),
        calls: z.array(call).meta({
          description:
            'Each call of the attempt in order, at most the first 20 and the last 20; empty if the attempt was interrupted. A delivery that went in a group shows the post of the group with its own answer',
        }),
      }),
    ),
  })
  .meta({ id: 'DeliveryWithHistory' });

const unseen = { description: 'This customer has not been seen in the CRM' };
const customerParam = z.object({
  customer_id: customerKey.meta({
    example: '1',
    description: 'The id in the CRM, with or without its `SOURCE_NAME`',
  }),
});

export const deliveryRoutes = [
  route({
    method: 'get',
    path: '/deliveries',
    summary: 'Deliveries, ordered by customer id',
    tag,
    access,
    query: deliveryFilter,
    responses: { 200: { description: 'OK', body: z.array(delivery), headers: feedHeaders }, 404: unseen },
    handler: async (context, { query }) => {
      const rows = await listDeliveries(context, { ...query, after: context.names.customerOf(query.after) });
      return feedReply({ path: '/deliveries', query, rows, idOf: (row) => row.customer_id });
    },
  }),
  route({
    method: 'get',
    path: '/deliveries/{customer_id}',
    summary: 'One delivery with its attempts: why a customer has a package, or none yet',
    tag,
    access,
    params: customerParam,
    responses: { 200: { description: 'OK', body: deliveryWithHistory }, 404: unseen },
    handler: async (context, { params }) => ({
      status: 200,
      body: await getDelivery(context, context.names.customerOf(params.customer_id)),
    }),
  }),
  route({
    method: 'post',
    path: '/deliveries/{customer_id}/replay',
    summary:
      'Replay one delivery, whatever its state; an existing package is found, not created twice. To replay a held one says that there is no package',
    tag,
    access,
    params: customerParam,
    responses: { 200: { description: 'The delivery is due', body: deliveryWithHistory }, 404: unseen },
    handler: async (context, { params }) => {
      const id = context.names.customerOf(params.customer_id);
      await replay(context, id);
      const body = await getDelivery(context, id);
      void context.sync.settle();
      return { status: 200, body };
    },
  }),
  route({
    method: 'post',
    path: '/deliveries/{customer_id}/settle',
    summary: 'Say which package of the Inventory a customer has, for a held delivery; safe to repeat',
    tag,
    access,
    params: customerParam,
    body: z.object({ package_id: packageIdGiven }),
    bodyExample: { package_id: 12 },
    responses: {
      200: { description: 'The delivery is delivered', body: deliveryWithHistory },
      404: unseen,
      409: { description: 'The delivery has another package, or an attempt is under way' },
    },
    handler: async (context, { params, body }) => {
      const id = context.names.customerOf(params.customer_id);
      await settle(context, id, body.package_id);
      void context.sync.settle();
      return { status: 200, body: await getDelivery(context, id) };
    },
  }),
  route({
    method: 'post',
    path: '/deliveries/replay',
    summary:
      'Replay all dead or held deliveries, or those that ended so in a time range. To replay held ones says that there are no packages',
    tag,
    access,
    body: z.object({ state: z.enum(['dead', 'held'], 'must be "dead" or "held"'), ...endRange }),
    bodyExample: { state: 'dead' },
    responses: {
      200: { description: 'The number of deliveries that are due again', body: z.object({ replayed: z.int() }) },
    },
    handler: async (context, { body }) => {
      const replayed = await replayEnded(context, body);
      void context.sync.settle();
      return { status: 200, body: { replayed } };
    },
  }),
  route({
    method: 'get',
    path: '/quarantine',
    summary: 'Entries of the CRM that get no delivery, because they have no usable id',
    tag,
    access,
    query: z.object(feedQuery),
    responses: {
      200: {
        description: 'OK',
        body: z.array(z.object({ id, entry: z.string(), reason: z.string(), seen_at: timestamp })),
        headers: feedHeaders,
      },
    },
    handler: async (context, { query }) => {
      const rows = await listQuarantined(context, query);
      return feedReply({ path: '/quarantine', query, rows, idOf: (row) => row.id });
    },
  }),
];
