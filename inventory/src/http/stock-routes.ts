import { AppError } from '@doorstep/kit/errors.ts';
import { etagHeaders, ifMatch, requireMatch } from '@doorstep/kit/http/etag.ts';
import { feedHeaders, feedQuery, feedReply } from '@doorstep/kit/http/feed.ts';
import { optionalIntegerQuery } from '@doorstep/kit/http/schemas.ts';
import { z } from 'zod';
import { changeQuantity, type QuantityChange } from '../commands/change-quantity.ts';
import { item, quantityChange, quantityMax } from '../item.ts';
import { movement } from '../movement.ts';
import { listMovements } from '../queries/list-movements.ts';
import { access } from './access.ts';
import { changedItem, itemParams, shownItem, unknownItem } from './item-routes.ts';
import { changeHeaders, mayBeReplayHeaders, replayHeader, route, usedKey } from './route.ts';

const tag = 'stock';

export const stockRoutes = [
  route({
    method: 'patch',
    path: '/api/v1/items/{id}/quantity',
    summary: 'Change the stock of an item by an amount, or set it',
    tag,
    access: access['PATCH /api/v1/items/{id}/quantity'],
    params: itemParams,
    query: z.object({
      quantity_change: optionalIntegerQuery({ min: -quantityMax, max: quantityMax }).meta({
        description: 'The change, such as -2, instead of a body',
      }),
    }),
    headers: changeHeaders.extend({ 'if-match': ifMatch }),
    body: quantityChange,
    bodyIsOptional: true,
    bodyExample: { quantity_change: 10, reason: 'delivery' },
    responses: {
      200: {
        description: 'Changed; shows the stock that back-orders have left',
        body: item,
        headers: etagHeaders.extend(mayBeReplayHeaders.shape),
      },
      ...unknownItem,
      409: { description: 'The stock would be below zero, or above its limit' },
      ...changedItem,
      ...usedKey,
    },
    handler: async (context, { params: { id }, query, headers, body }) => {
      const requireVersion = requireMatch(headers['if-match']);
      const target = { id, requireVersion, idempotencyKey: headers['idempotency-key'] };
      const changes = [query.quantity_change, body.quantity_change]
        .filter((by) => by !== undefined)
        .map((by) => ({ by }));
      const all = [...changes, ...(body.quantity === undefined ? [] : [{ to: body.quantity }])];
      const { left, isReplay } = await changeQuantity(context, target, { ...theOne(all), reason: body.reason });
      return shownItem(200, left, replayHeader(isReplay));
    },
  }),
  route({
    method: 'get',
    path: '/api/v1/items/{id}/movements',
    summary: 'List the stock movements of an item, even a deleted one',
    tag,
    access: access['GET /api/v1/items/{id}/movements'],
    params: itemParams,
    query: z.object(feedQuery),
    responses: { 200: { description: 'OK', body: z.array(movement), headers: feedHeaders }, ...unknownItem },
    handler: async (context, { params: { id }, query }) => {
      const rows = await listMovements(context, { itemId: id, ...query });
      return feedReply({ path: `/api/v1/items/${id}/movements`, query, rows, idOf: (row) => row.id });
    },
  }),
];

/** @throws AppError `invalid` */
function theOne(changes: QuantityChange[]): QuantityChange {
  const [change, another] = changes;
  if (change && !another) return change;
  throw new AppError(
    'invalid',
    'Give exactly one of quantity_change (in the query or the body) and quantity (in the body)',
  );
}
