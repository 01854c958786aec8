import { etagHeaders, etagOf, ifMatch, ifNoneMatch, isKnown, requireMatch } from '@doorstep/kit/http/etag.ts';
import { id, idParam, problem } from '@doorstep/kit/http/schemas.ts';
import { z } from 'zod';
import { createItem } from '../commands/create-item.ts';
import { deleteItem } from '../commands/delete-item.ts';
import { updateItem } from '../commands/update-item.ts';
import { toVersion } from '../db/items.ts';
import { type ItemVersion, item, itemChange, itemInput } from '../item.ts';
import { getItem } from '../queries/get-item.ts';
import { access } from './access.ts';
import { changeHeaders, changeReplayHeaders, replayHeader, route, usedKey } from './route.ts';

const tag = 'items';
export const itemParams = z.object({ id: idParam });
export const unknownItem = { 404: { description: 'Item not found' } };
export const changedItem = { 412: { description: 'The item has changed: If-Match names an older version' } };
const conflict = {
  409: {
    description: 'The sku is taken, or the stock would be above its limit',
    body: problem.extend({ existing_id: id.optional().meta({ description: 'The item that has the sku' }) }),
    contentType: 'application/problem+json',
  },
};

export function shownItem(status: number, shown: ItemVersion, headers: Record<string, string> = {}) {
  return { status, body: shown.item, headers: { ETag: etagOf(shown.version), ...headers } };
}

const addedHeaders = etagHeaders.extend({ Location: z.string() });

export const itemRoutes = [
  route({
    method: 'post',
    path: '/api/v1/items',
    summary: 'Add an item',
    tag,
    access: access['POST /api/v1/items'],
    headers: changeHeaders,
    body: itemInput,
    bodyExample: { name: 'Mug', sku: 'MUG-01', price: 12.5, quantity: 40, min_quantity: 10, category: 'kitchen' },
    responses: {
      201: { description: 'Added', body: item, headers: addedHeaders },
      200: {
        description: 'Added by an earlier request with the same Idempotency-Key; shows the item as it was added',
        body: item,
        headers: addedHeaders.extend(changeReplayHeaders.shape),
      },
      ...conflict,
      ...usedKey,
    },
    handler: async (context, { body, headers }) => {
      const { left, isReplay } = await createItem(context, body, headers['idempotency-key']);
      const location = { Location: `/api/v1/items/${left.item.id}` };
      return shownItem(isReplay ? 200 : 201, left, { ...location, ...replayHeader(isReplay) });
    },
  }),
  route({
    method: 'get',
    path: '/api/v1/items/{id}',
    summary: 'Get an item',
    tag,
    access: access['GET /api/v1/items/{id}'],
    params: itemParams,
    headers: z.object({ 'if-none-match': ifNoneMatch }),
    responses: {
      200: { description: 'OK', body: item, headers: etagHeaders },
      304: { description: 'Not modified', headers: etagHeaders },
      ...unknownItem,
    },
    handler: async (context, { params: { id }, headers }) => {
      const row = await getItem(context, id);
      return isKnown(headers['if-none-match'], row.version)
        ? { status: 304, headers: { ETag: etagOf(row.version) } }
        : shownItem(200, toVersion(row));
    },
  }),
  route({
    method: 'put',
    path: '/api/v1/items/{id}',
    summary: 'Change an item; fields that are not given stay as they are',
    tag,
    access: access['PUT /api/v1/items/{id}'],
    params: itemParams,
    headers: z.object({ 'if-match': ifMatch }),
    body: itemChange,
    bodyExample: { price: 13, min_quantity: 12 },
    responses: {
      200: { description: 'Changed', body: item, headers: etagHeaders },
      ...unknownItem,
      ...conflict,
      ...changedItem,
    },
    handler: async (context, { params: { id }, headers, body }) => {
      const row = await updateItem(context, { id, requireVersion: requireMatch(headers['if-match']) }, body);
      return shownItem(200, toVersion(row));
    },
  }),
  route({
    method: 'delete',
    path: '/api/v1/items/{id}',
    summary: 'Delete an item; its movements are kept',
    tag,
    access: access['DELETE /api/v1/items/{id}'],
    params: itemParams,
    headers: z.object({ 'if-match': ifMatch }),
    responses: {
      204: { description: 'Deleted' },
      ...unknownItem,
      409: { description: 'A kit, or a package that is not shipped yet, contains the item' },
      ...changedItem,
    },
    handler: async (context, { params: { id }, headers }) => {
      await deleteItem(context, { id, requireVersion: requireMatch(headers['if-match']) });
      return { status: 204 };
    },
  }),
];
