import { pageQuery } from '@doorstep/kit/http/page.ts';
import { exactIdParam, id, integerQuery, line } from '@doorstep/kit/http/schemas.ts';
import { z } from 'zod';
import { item } from '../item.ts';
import { getMyItem, listMyItems } from '../queries/my-items.ts';
import { access } from './access.ts';
import { route } from './route.ts';

const tag = 'my items';
const itemsMax = 100;
const itemNameMax = 255;
const query = z.object({ page: pageQuery.page, size: integerQuery({ min: 1, max: itemsMax, default: itemsMax }) });
const filter = line({ min: 0, max: itemNameMax })
  .transform((text) => text || undefined)
  .optional();
const away = { 503: { description: 'The Inventory is not available; `Retry-After` says when to try again' } };
const list = {
  200: { description: 'OK', body: z.object({ items: z.array(item), total: z.int(), customer_id: id }) },
  ...away,
};

export const myItemRoutes = [
  route({
    method: 'get',
    path: '/api/v1/customers/my-items',
    summary: 'List your own items, from the Inventory',
    tag,
    access: access['GET /api/v1/customers/my-items'],
    query,
    responses: list,
    handler: async (context, request) => ({ status: 200, body: await listMyItems(context, request, request.query) }),
  }),
  route({
    method: 'get',
    path: '/api/v1/customers/my-items/search',
    summary: 'Search your own items',
    tag,
    access: access['GET /api/v1/customers/my-items/search'],
    query: query.extend({ name: filter, category: filter, brand: filter }),
    responses: list,
    handler: async (context, request) => ({ status: 200, body: await listMyItems(context, request, request.query) }),
  }),
  route({
    method: 'get',
    path: '/api/v1/customers/my-items/{id}',
    summary: 'Get one of your own items',
    tag,
    access: access['GET /api/v1/customers/my-items/{id}'],
    params: z.object({ id: exactIdParam }),
    responses: {
      200: { description: 'OK', body: item },
      403: { description: 'The item of another customer' },
      404: { description: 'No such item' },
      ...away,
    },
    handler: async (context, request) => {
      return { status: 200, body: await getMyItem(context, request, request.params.id) };
    },
  }),
];
