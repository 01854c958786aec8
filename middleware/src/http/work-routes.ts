import { AppError } from '@doorstep/kit/errors.ts';
import { notTooOften } from '@doorstep/kit/http/not-too-often.ts';
import { timestamp } from '@doorstep/kit/http/schemas.ts';
import { z } from 'zod';
import { pause, resume } from '../commands/pause.ts';
import { getStatus } from '../queries/get-status.ts';
import { pauseReason } from './filters.ts';
import { access, route } from './route.ts';

const tag = 'work';

const lastPoll = z.object({
  at: timestamp,
  outcome: z.enum(['found', 'idle', 'failed']),
  seen: z.int(),
  reason: z.string().optional().meta({ description: 'Why the poll failed' }),
});

const reconciliation = z
  .object({
    at: timestamp,
    duration_ms: z.int(),
    customers: z.int(),
    packages: z.int(),
    matched: z.int().meta({ description: 'Customers with exactly one package' }),
    on_their_way: z.int(),
    held: z.int().meta({ description: 'Customers of whom only a person can know whether they have a package' }),
    skipped: z.int().meta({ description: 'Customers from before START_FROM, without a package' }),
    other_types: z.int().meta({ description: 'Customers with a package of an earlier PACKAGE_TYPE' }),
    types: z.array(z.string()).meta({ description: 'Those types, at most ten' }),
    unseen: z.int().meta({ description: 'Customers whose package may be in a part of the list that was not read' }),
    departed: z.int().meta({ description: 'Customers with a package that are no longer in the CRM' }),
    other_sources: z.int().meta({ description: 'Packages for customers of other sources' }),
    exceptions: z.object({
      missing: z.int(),
      double: z.int(),
      misnamed: z.int().meta({ description: 'Customers whose package seems to be that of another person' }),
      changed: z.int().meta({ description: 'Ids that belong to other persons than the ledger recorded' }),
      ownerless: z.int(),
      unusable: z.int(),
      unread: z.int().meta({ description: 'Lists that were not read to their end' }),
    }),
    proven: z.boolean(),
  })
  .meta({ id: 'Reconciliation' });

const crmList = z
  .object({
    seen: z.int().meta({ description: 'Entries of its list that can be read' }),
    total: z.int().nullable().meta({ description: 'How many customers the CRM says it has' }),
    warning: z.string().nullable().meta({ description: 'Why customers of the CRM cannot be read' }),
  })
  .meta({ id: 'CrmList' });
const pauseShown = z
  .object({
    since: timestamp,
    by: z.enum(['operator', 'doorstep']).meta({
      description: '`doorstep`: deliveries have stopped by themselves, because no customer so far has got a package',
    }),
    reason: z.string().nullable(),
  })
  .meta({ id: 'Pause' });

const status = z
  .object({
    version: z.string(),
    breaker: z.enum(['closed', 'open', 'half-open']),
    paused: z.boolean(),
    pause: pauseShown.nullable(),
    cursor: z
      .union([z.int(), z.string()])
      .meta({ description: 'The highest customer id that has been recorded; of a list with text ids, the last one' }),
    last_poll: lastPoll.nullable(),
    crm_list: crmList
      .nullable()
      .meta({ description: 'The list of a CRM that ignores `after`; null for any other CRM' }),
    deliveries: z.object({
      pending: z.int(),
      retrying: z.int(),
      delivered: z.int(),
      dead: z.int(),
      held: z.int().meta({ description: 'Only a person can know whether these have a package' }),
      skipped: z.int().meta({ description: 'Customers from before START_FROM, which get no package' }),
    }),
    oldest_pending_seconds: z.int().nullable(),
    quarantined: z.int().meta({ description: 'Entries of the CRM without a usable id' }),
    reconciliation: reconciliation.nullable().meta({ description: 'Result of the last reconciliation' }),
  })
  .meta({ id: 'Status' });

const paused = z.object({ paused: z.boolean() });

/** A dashboard may ask often, and each answer counts the deliveries. */
const statusOf = notTooOften(getStatus);

export const workRoutes = [
  route({
    method: 'get',
    path: '/status',
    summary: 'Status of the daemon and its deliveries',
    tag,
    access,
    responses: { 200: { description: 'OK', body: status } },
    handler: async (context) => {
      const { version, sync } = context;
      const ledger = await statusOf(context);
      return {
        status: 200,
        body: {
          version,
          breaker: sync.breaker(),
          last_poll: sync.lastPoll() ?? null,
          crm_list: sync.crmList(),
          ...ledger,
        },
      };
    },
  }),
  route({
    method: 'post',
    path: '/poll',
    summary: 'Poll now; answers when the poll has ended, while its deliveries go on',
    tag,
    access,
    responses: { 200: { description: 'Result of the poll', body: lastPoll } },
    handler: async ({ sync }) => {
      const polled = await sync.pollAnew();
      if (!polled) throw new AppError('unavailable', 'The daemon is stopping');
      return { status: 200, body: polled };
    },
  }),
  route({
    method: 'post',
    path: '/pause',
    summary: 'Pause deliveries until resumed, across restarts too; polling goes on',
    tag,
    access,
    body: z.object({ reason: pauseReason.optional() }),
    bodyIsOptional: true,
    bodyExample: { reason: 'the Inventory is moved' },
    responses: { 200: { description: 'Deliveries are paused', body: paused } },
    handler: async (context, { body }) => {
      await pause(context, body);
      return { status: 200, body: { paused: true } };
    },
  }),
  route({
    method: 'post',
    path: '/resume',
    summary: 'Resume deliveries; on request, also after ids of the CRM have come to belong to other people',
    tag,
    access,
    body: z.object({ accept: z.boolean().optional() }),
    bodyIsOptional: true,
    bodyExample: { accept: true },
    responses: {
      200: { description: 'Deliveries are resumed', body: paused },
      409: { description: 'Ids belong to other people, and `accept` is not given' },
    },
    handler: async (context, { body }) => {
      await resume(context, { accept: body?.accept ?? false });
      void context.sync.settle();
      return { status: 200, body: { paused: false } };
    },
  }),
];
