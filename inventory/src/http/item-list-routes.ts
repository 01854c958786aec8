import { feedHeaders, feedQuery, feedReply } from '@doorstep/kit/http/feed.ts';
import { foreignIdFilter, foreignIdParam } from '@doorstep/kit/http/foreign-id.ts';
import { pageBody, pageOf, pageQuery, sortQuery } from '@doorstep/kit/http/page.ts';
import { line, optionalAmountQuery, optionalFlagQuery, optionalIntegerQuery } from '@doorstep/kit/http/schemas.ts';
import { z } from 'zod';
import { item, nameMax, priceMax, quantityMax } from '../item.ts';
import { listCustomerItems, listLowStock } from '../queries/list-item-feeds.ts';
import { listItems } from '../queries/list-items.ts';
import { access } from './access.ts';
import { route } from './route.ts';

const tag = 'items';
const feed = { 200: { description: 'OK', body: z.array(item), headers: feedHeaders } };
/** An empty value does not filter. */
const text = line({ min: 0, max: nameMax })
  .transform((given) => given || undefined)
  .optional();
const price = optionalAmountQuery({ max: priceMax });
const quantity = optionalIntegerQuery({ min: 0, max: quantityMax });

export const itemListRoutes = [
  route({
    method: 'get',
    path: '/api/v1/items',
    summary: 'List items page by page, with filters',
    tag,
    access: access['GET /api/v1/items'],
    query: z.object({
      ...pageQuery,
      name: text.meta({ description: 'Text that the name contains, ignoring case' }),
      category: text.meta({ description: 'The category, ignoring case' }),
      brand: text.meta({ description: 'The brand, ignoring case' }),
      is_active: optionalFlagQuery,
      customer_id: foreignIdFilter,
      min_price: price,
      max_price: price,
      min_quantity: quantity.meta({ description: 'The lowest quantity in stock' }),
      max_quantity: quantity.meta({ description: 'The highest quantity in stock' }),
      sort: sortQuery(['id', 'name', 'sku', 'price', 'quantity', 'created_at']),
    }),
    responses: { 200: { description: 'OK', body: pageOf(item) } },
    handler: async (context, { query }) => ({ status: 200, body: pageBody(await listItems(context, query), query) }),
  }),
  route({
    method: 'get',
    path: '/api/v1/items/customer/{customer_id}',
    summary: 'List the items of a customer',
    tag,
    access: access['GET /api/v1/items/customer/{customer_id}'],
    params: z.object({ customer_id: foreignIdParam }),
    query: z.object(feedQuery),
    responses: feed,
    handler: async (context, { params: { customer_id }, query }) => {
      const rows = await listCustomerItems(context, { customerId: customer_id, ...query });
      return feedReply({
        path: `/api/v1/items/customer/${encodeURIComponent(customer_id)}`,
        query,
        rows,
        idOf: ({ id }) => id,
      });
    },
  }),
  route({
    method: 'get',
    path: '/api/v1/items/low-stock',
    summary: 'List the items whose stock is at or below their minimum',
    tag,
    access: access['GET /api/v1/items/low-stock'],
    query: z.object({
      ...feedQuery,
      threshold: quantity.meta({ description: 'Replaces the minimum of each item' }),
    }),
    responses: feed,
    handler: async (context, { query }) => {
      const rows = await listLowStock(context, query);
      return feedReply({ path: '/api/v1/items/low-stock', query, rows, idOf: ({ id }) => id });
    },
  }),
];
