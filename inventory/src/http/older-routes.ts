import { feedHeaders, feedQuery, feedReply } from '@doorstep/kit/http/feed.ts';
import { z } from 'zod';
import { createPackage } from '../commands/create-packages.ts';
import { toOlderPackage } from '../db/package-views.ts';
import { olderPackage, olderPackageInput } from '../package.ts';
import { listPackages } from '../queries/list-packages.ts';
import { access } from './access.ts';
import { creationHeaders, replayHeader, replayHeaders, route, usedKey } from './route.ts';

const tag = 'packages, older shape';

/** The same packages as `/packages`, in the shape of an earlier system. */
export const olderRoutes = [
  route({
    method: 'post',
    path: '/package_requests',
    summary: 'Request a package',
    tag,
    access: access['POST /package_requests'],
    headers: creationHeaders,
    body: olderPackageInput,
    bodyExample: { customer_id: 1, package_type: 'welcome_pack_v1' },
    responses: {
      201: { description: 'Created', body: olderPackage },
      200: { description: 'The package already existed', body: olderPackage, headers: replayHeaders },
      ...usedKey,
    },
    handler: async (context, { body, headers }) => {
      const request = { customerId: body.customer_id, customerName: null, packageType: body.package_type };
      const { package: made, isNew } = await createPackage(context, request, headers['idempotency-key']);
      const shown = toOlderPackage(made);
      return isNew ? { status: 201, body: shown } : { status: 200, body: shown, headers: replayHeader(true) };
    },
  }),
  route({
    method: 'get',
    path: '/package_requests',
    summary: 'List packages in the order of their requests',
    tag,
    access: access['GET /package_requests'],
    query: z.object(feedQuery),
    responses: { 200: { description: 'OK', body: z.array(olderPackage), headers: feedHeaders } },
    handler: async (context, { query }) => {
      const packages = await listPackages(context, query);
      const rows = packages.map(toOlderPackage);
      return feedReply({ path: '/package_requests', query, rows, idOf: (row) => row.id });
    },
  }),
];
