import { feedHeaders, feedQuery, feedReply } from '@doorstep/kit/http/feed.ts';
import { z } from 'zod';
import { customerEvent } from '../event.ts';
import { listEvents } from '../queries/list-events.ts';
import { access } from './access.ts';
import { route } from './route.ts';

export const eventRoutes = [
  route({
    method: 'get',
    path: '/v1/events',
    summary: 'List customer events in order, with the time of their publication',
    tag: 'events',
    access: access['GET /v1/events'],
    query: z.object(feedQuery),
    responses: { 200: { description: 'OK', body: z.array(customerEvent), headers: feedHeaders } },
    handler: async (context, { query }) => {
      const rows = await listEvents(context, query);
      return feedReply({ path: '/v1/events', query, rows, idOf: (row) => row.id });
    },
  }),
];
