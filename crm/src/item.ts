import { z } from 'zod';

/** An item as the Inventory shows it; what else it says of one is handed on as it is. */
export const item = z
  .looseObject({
    id: z.int(),
    customer_id: z.int().nullable(),
    name: z.string().optional(),
    category: z.string().nullish(),
    brand: z.string().nullish(),
  })
  .meta({ id: 'Item' });

export type Item = z.output<typeof item>;
