import { defineRoute } from '@doorstep/kit/http/route.ts';
import { z } from 'zod';
import type { InventoryContext } from '../context.ts';

export const route = defineRoute<InventoryContext>();

export const creationHeaders = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 printable ASCII characters without spaces')
    .optional()
    .meta({
      description: 'Stored permanently; a different request with the same key is rejected',
      example: 'welcome-1',
    }),
});

export const replayHeaders = z.object({
  'Idempotent-Replayed': z.literal('true').meta({ description: 'The package already existed' }),
});
