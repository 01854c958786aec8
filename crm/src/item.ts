import { z } from 'zod';

/** An item as the Inventory shows it; what else it says of one is handed on as it is. */
export const item = z
  .looseObject({
    id: z.int(),
    customer_id: z.int().nullable().meta({ example: 1 }),
    name: z.string().optional().meta({ example: 'Mug' }),
    category: z.string().nullish().meta({ example: 'kitchen' }),
    brand: z.string().nullish().meta({ example: 'Acme' }),
  })
  .meta({ id: 'Item' });

export type Item = z.output<typeof item>;
