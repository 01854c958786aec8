import { z } from 'zod';

/** Doorstep's Inventory uses numbers; another Inventory may use ids of any form. */
const foreignId = z.union([z.int(), z.string()]);

/** An item from the Inventory; fields that the CRM does not know pass through. */
export const item = z
  .looseObject({
    id: foreignId.meta({ example: 1 }),
    customer_id: foreignId.nullable().meta({ example: 1 }),
    name: z.string().nullish().meta({ example: 'Mug' }),
    category: z.string().nullish().meta({ example: 'kitchen' }),
    brand: z.string().nullish().meta({ example: 'Acme' }),
  })
  .meta({ id: 'Item' });

export type Item = z.output<typeof item>;

/** Removes the cost price and the limits of the stock, which customers must not see. */
export function toMyItem({ cost, min_quantity, max_quantity, ...shown }: Item): Item {
  return shown as Item;
}

/** An Inventory that does not know the field has only active items. */
export function isActive({ is_active }: Item): boolean {
  return is_active !== false && is_active !== 0;
}

/** The same customer may be a number or a text. */
export function isItemOf({ customer_id }: Item, customerId: number): boolean {
  return String(customer_id) === String(customerId);
}
