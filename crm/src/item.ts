import { z } from 'zod';

/** An item from the Inventory; fields that the CRM does not know pass through. */
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

/** Removes the cost price, which customers must not see. */
export function toMyItem({ cost, ...shown }: Item): Item {
  return shown as Item;
}
