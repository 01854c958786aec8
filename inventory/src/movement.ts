import { id, timestamp } from '@doorstep/kit/http/schemas.ts';
import { z } from 'zod';

/** Why a stock changes, unless a person gives a reason of their own. */
export const reasons = {
  created: 'created',
  adjusted: 'adjusted',
  imported: 'imported',
  packaged: 'packaged',
  cancelled: 'cancelled',
  deleted: 'deleted',
} as const;

/** One change of a stock. The changes of an item add up to its stock. */
export const movement = z
  .object({
    id,
    item_id: id,
    change: z.int().meta({ example: -2 }),
    before: z.int().min(0).meta({ example: 40 }),
    after: z.int().min(0).meta({ example: 38 }),
    reason: z.string().meta({
      example: 'packaged',
      description: `${Object.values(reasons).join(', ')}, or what was given as the reason`,
    }),
    package_id: id.nullable().meta({ description: 'For which package it was taken, or given back by which' }),
    created_at: timestamp,
  })
  .meta({ id: 'Movement' });

export type Movement = z.output<typeof movement>;
