import { feedHeaders, feedQuery, feedReply } from '@doorstep/kit/http/feed.ts';
import { z } from 'zod';
import { deleteKit } from '../commands/delete-kit.ts';
import { putKit } from '../commands/put-kit.ts';
import { kit, kitInput } from '../kit.ts';
import { packageType } from '../package.ts';
import { getKit, listKits } from '../queries/kits.ts';
import { access } from './access.ts';
import { route } from './route.ts';

const tag = 'kits';
const path = '/api/v1/kits/{package_type}';
const params = z.object({ package_type: packageType });
const unknown = { 404: { description: 'This package type has no kit' } };

export const kitRoutes = [
  route({
    method: 'get',
    path: '/api/v1/kits',
    summary: 'List kits: the items that packages contain',
    tag,
    access: access['GET /api/v1/kits'],
    query: z.object(feedQuery),
    responses: { 200: { description: 'OK', body: z.array(kit), headers: feedHeaders } },
    handler: async (context, { query }) => {
      const rows = await listKits(context, query);
      return feedReply({ path: '/api/v1/kits', query, rows, idOf: ({ id }) => id });
    },
  }),
  route({
    method: 'get',
    path,
    summary: 'Get the kit of a package type',
    tag,
    access: access[`GET ${path}`],
    params,
    responses: { 200: { description: 'OK', body: kit }, ...unknown },
    handler: async (context, { params: { package_type } }) => ({
      status: 200,
      body: await getKit(context, package_type),
    }),
  }),
  route({
    method: 'put',
    path,
    summary: 'Create or replace the kit of a package type',
    tag,
    access: access[`PUT ${path}`],
    params,
    body: kitInput,
    bodyExample: {
      items: [
        { item_id: 1, quantity: 1 },
        { item_id: 2, quantity: 2 },
      ],
    },
    responses: {
      200: { description: 'Replaced', body: kit },
      201: { description: 'Created', body: kit, headers: z.object({ Location: z.string() }) },
    },
    handler: async (context, { params: { package_type }, body }) => {
      const { kit: made, isNew } = await putKit(context, package_type, body.items);
      return isNew
        ? { status: 201, body: made, headers: { Location: `/api/v1/kits/${encodeURIComponent(made.package_type)}` } }
        : { status: 200, body: made };
    },
  }),
  route({
    method: 'delete',
    path,
    summary: 'Delete the kit of a package type; its packages then take no stock',
    tag,
    access: access[`DELETE ${path}`],
    params,
    responses: {
      204: { description: 'Deleted' },
      ...unknown,
      409: { description: 'Back-orders wait for the items of the kit' },
    },
    handler: async (context, { params: { package_type } }) => {
      await deleteKit(context, package_type);
      return { status: 204 };
    },
  }),
];
