import { feedHeaders, feedQuery, feedReply } from '@doorstep/kit/http/feed.ts';
import { idParam, idsFilter } from '@doorstep/kit/http/schemas.ts';
import { z } from 'zod';
import { createPackage } from '../commands/create-packages.ts';
import { packageInput, packageStatus, welcomePackage } from '../package.ts';
import { getPackage } from '../queries/get-package.ts';
import { listPackages } from '../queries/list-packages.ts';
import { creationHeaders, packageAccess, replayHeaders, route } from './route.ts';

const tag = 'packages';

export const packageRoutes = [
  route({
    method: 'post',
    path: '/packages',
    summary: 'Request a package: one per customer and type, for ever',
    tag,
    access: packageAccess,
    headers: creationHeaders,
    body: packageInput,
    bodyExample: { customerId: 1, customerName: 'Alice Example', packageType: 'welcome_pack_v1' },
    responses: {
      201: { description: 'Created', body: welcomePackage, headers: z.object({ Location: z.string() }) },
      200: { description: 'It was there already', body: welcomePackage, headers: replayHeaders },
      422: { description: 'The Idempotency-Key came with another request before' },
    },
    handler: async (context, { body, headers }) => {
      const { package: made, isNew } = await createPackage(context, body, headers['idempotency-key']);
      return isNew
        ? { status: 201, body: made, headers: { Location: `/packages/${made.id}` } }
        : { status: 200, body: made, headers: { 'Idempotent-Replayed': 'true' } };
    },
  }),
  route({
    method: 'get',
    path: '/packages',
    summary: 'Packages in the order in which they were requested',
    tag,
    access: packageAccess,
    query: z.object({ ...feedQuery, customerId: idsFilter, status: packageStatus.optional() }),
    responses: { 200: { description: 'OK', body: z.array(welcomePackage), headers: feedHeaders } },
    handler: async (context, { query }) => {
      const rows = await listPackages(context, query);
      return feedReply({ path: '/packages', query, rows, idOf: (row) => row.id });
    },
  }),
  route({
    method: 'get',
    path: '/packages/{id}',
    summary: 'One package',
    tag,
    access: packageAccess,
    params: z.object({ id: idParam }),
    responses: { 200: { description: 'OK', body: welcomePackage }, 404: { description: 'No such package' } },
    handler: async (context, { params }) => ({ status: 200, body: await getPackage(context, params.id) }),
  }),
];
