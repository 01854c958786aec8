import { id, timestamp } from '@doorstep/kit/http/schemas.ts';
import { z } from 'zod';

/** The reasons that the Inventory records itself; a caller may give another. */
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
      description: `${Object.values(reasons).join(', ')}, or the reason that the caller gave`,
    }),
    package_id: id.nullable().meta({ description: 'The package that took the items or gave them back' }),
    created_at: timestamp,
  })
  .meta({ id: 'Movement' });

export type Movement = z.output<typeof movement>;
