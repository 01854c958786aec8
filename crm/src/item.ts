import { z } from 'zod';

/** An item as the Inventory shows it, with whatever else it says of one. */
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

/** As customers see it: what it has cost is no business of theirs. */
export function toMyItem({ cost, ...shown }: Item): Item {
  return shown as Item;
}
