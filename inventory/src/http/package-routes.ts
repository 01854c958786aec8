import { feedHeaders, feedQuery, feedReply } from '@doorstep/kit/http/feed.ts';
import { foreignIdsFilter, toForeignIds } from '@doorstep/kit/http/foreign-id.ts';
import { idParam } from '@doorstep/kit/http/schemas.ts';
import { z } from 'zod';
import { changePackageStatus } from '../commands/change-package-status.ts';
import { createPackage } from '../commands/create-packages.ts';
import { packageInput, packageItem, packageStatus, welcomePackage } from '../package.ts';
import { getPackage } from '../queries/get-package.ts';
import { listPackageItems } from '../queries/list-package-items.ts';
import { listPackages } from '../queries/list-packages.ts';
import { access } from './access.ts';
import {
  changeHeaders,
  creationHeaders,
  mayBeReplayHeaders,
  replayHeader,
  replayHeaders,
  route,
  usedKey,
} from './route.ts';

const tag = 'packages';
const params = z.object({ id: idParam });
const unknown = { 404: { description: 'Package not found' } };
const statusChange = z.object({ status: packageStatus }).meta({ id: 'StatusChange' });

export const packageRoutes = [
  route({
    method: 'post',
    path: '/packages',
    summary: 'Request a package: at most one per customer and type, permanently',
    tag,
    access: access['POST /packages'],
    headers: creationHeaders,
    body: packageInput,
    bodyExample: { customerId: 1, customerName: 'Alice Example', packageType: 'welcome_pack_v1' },
    responses: {
      201: { description: 'Created', body: welcomePackage, headers: z.object({ Location: z.string() }) },
      200: { description: 'The package already existed', body: welcomePackage, headers: replayHeaders },
      ...usedKey,
    },
    handler: async (context, { body, headers }) => {
      const { package: made, isNew } = await createPackage(context, body, headers['idempotency-key']);
      return isNew
        ? { status: 201, body: made, headers: { Location: `/packages/${made.id}` } }
        : { status: 200, body: made, headers: replayHeader(true) };
    },
  }),
  route({
    method: 'get',
    path: '/packages',
    summary: 'List packages in the order of their requests',
    tag,
    access: access['GET /packages'],
    query: z.object({ ...feedQuery, customerId: foreignIdsFilter, status: packageStatus.optional() }),
    responses: { 200: { description: 'OK', body: z.array(welcomePackage), headers: feedHeaders } },
    handler: async (context, { query }) => {
      const { customerId, ...rest } = query;
      const customerIds = customerId === undefined ? undefined : toForeignIds(customerId);
      const rows = await listPackages(context, { ...rest, customerIds });
      return feedReply({ path: '/packages', query, rows, idOf: (row) => row.id });
    },
  }),
  route({
    method: 'get',
    path: '/packages/{id}',
    summary: 'Get a package',
    tag,
    access: access['GET /packages/{id}'],
    params,
    responses: { 200: { description: 'OK', body: welcomePackage }, ...unknown },
    handler: async (context, { params }) => ({ status: 200, body: await getPackage(context, params.id) }),
  }),
  route({
    method: 'patch',
    path: '/packages/{id}',
    summary:
      'Change the status of a package: received, packed, shipped, delivered; cancelled before it is shipped; received again to reinstate it',
    tag,
    access: access['PATCH /packages/{id}'],
    params,
    headers: changeHeaders,
    body: statusChange,
    bodyExample: { status: 'packed' },
    responses: {
      200: {
        description: 'Changed; a reinstated package is backordered if an item is short',
        body: welcomePackage,
        headers: mayBeReplayHeaders,
      },
      ...unknown,
      409: { description: 'The package cannot change to this status' },
      ...usedKey,
    },
    handler: async (context, { params: { id }, headers, body }) => {
      const target = { id, idempotencyKey: headers['idempotency-key'] };
      const { left, isReplay } = await changePackageStatus(context, target, body.status);
      return { status: 200, body: left, headers: replayHeader(isReplay) };
    },
  }),
  route({
    method: 'get',
    path: '/packages/{id}/items',
    summary: 'List the items of a package, also of a cancelled one; empty while it is backordered',
    tag,
    access: access['GET /packages/{id}/items'],
    params,
    responses: { 200: { description: 'OK', body: z.array(packageItem) }, ...unknown },
    handler: async (context, { params: { id } }) => ({ status: 200, body: await listPackageItems(context, id) }),
  }),
];
