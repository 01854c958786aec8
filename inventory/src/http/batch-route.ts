import { AppError } from '@doorstep/kit/errors.ts';
import { parseBody } from '@doorstep/kit/http/validate.ts';
import { z } from 'zod';
import { createPackages } from '../commands/create-packages.ts';
import { batchMax, type PackageRequest, packageInput, welcomePackage } from '../package.ts';
import { access } from './access.ts';
import { changeHeaders, mayBeReplayHeaders, replayHeader, route, usedKey } from './route.ts';

const batchResult = z.object({
  status: z.int().meta({ description: '201: created; 200: already existed; 400: invalid' }),
  package: welcomePackage.optional(),
  error: z.string().optional(),
});

export const batchRoute = route({
  method: 'post',
  path: '/packages/batch',
  summary: 'Request many packages; each one succeeds or fails independently',
  tag: 'packages',
  access: access['POST /packages/batch'],
  headers: changeHeaders,
  // the document shows the shape of an entry; the handler validates each one independently
  body: z.object({
    packages: z.array(z.unknown().meta({ override: { $ref: '#/components/schemas/PackageInput' } })).max(batchMax),
  }),
  bodyBytesMax: 1024 * 1024,
  bodyExample: { packages: [{ customerId: 1, customerName: 'Alice Example' }] },
  responses: {
    200: {
      description: 'One result per entry, in order',
      body: z.object({ results: z.array(batchResult) }),
      headers: mayBeReplayHeaders,
    },
    ...usedKey,
  },
  handler: async (context, { body, headers }) => {
    const judged = body.packages.map(judge);
    const requests = judged.flatMap(({ request }) => request ?? []);
    const { left, isReplay } = await createPackages(context, requests, headers['idempotency-key']);
    const creations = left.values();
    const results = judged.map(({ error }) => {
      if (error !== undefined) return { status: 400, error };
      const creation = creations.next().value;
      return { status: creation?.isNew ? 201 : 200, package: creation?.package };
    });
    return { status: 200, body: { results }, headers: replayHeader(isReplay) };
  },
});

function judge(entry: unknown): { request?: PackageRequest; error?: string } {
  try {
    return { request: parseBody(packageInput, entry, 'Each entry') };
  } catch (error) {
    if (error instanceof AppError) return { error: error.message };
    throw error;
  }
}
