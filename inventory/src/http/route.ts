import { defineRoute } from '@doorstep/kit/http/route.ts';
import { z } from 'zod';
import type { InventoryContext } from '../context.ts';

export const route = defineRoute<InventoryContext>();

const key = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 printable ASCII characters without spaces')
  .optional();

export const creationHeaders = z.object({
  'idempotency-key': key.meta({
    description: 'Stored permanently; a different request with the same key is rejected',
    example: 'welcome-1',
  }),
});

/** It has no example: the docs page would prefill the key, and one key makes only one change. */
export const changeHeaders = z.object({
  'idempotency-key': key.meta({
    description:
      'Stored permanently with what the change left. The same request with the same key changes nothing and is answered with that; a different request with the same key is rejected',
  }),
});

export const replayHeaders = z.object({
  'Idempotent-Replayed': z.literal('true').meta({ description: 'The package already existed' }),
});

const replayed = z.literal('true').meta({ description: 'The Idempotency-Key was used before: nothing changed now' });

export const changeReplayHeaders = z.object({ 'Idempotent-Replayed': replayed });
export const mayBeReplayHeaders = z.object({ 'Idempotent-Replayed': replayed.optional() });

export const usedKey = { 422: { description: 'The Idempotency-Key was already used for a different request' } };

export function replayHeader(isReplay: boolean): Record<string, string> {
  return isReplay ? { 'Idempotent-Replayed': 'true' } : {};
}
