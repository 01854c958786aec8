import { z } from 'zod';

/** Doorstep's Inventory uses numbers; another Inventory may use ids of any form. */
const foreignId = z.union([z.int(), z.string()]);

/** An item from the Inventory; fields that the CRM does not know pass through. */
export const item = z
  .looseObject({
    id: foreignId.meta({ example: 1 }),
    customer_id: foreignId.nullable().meta({ example: 1 }),
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

/** The same customer may be a number or a text. */
export function isItemOf({ customer_id }: Item, customerId: number): boolean {
  return String(customer_id) === String(customerId);
}
