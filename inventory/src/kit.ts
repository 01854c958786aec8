import { id, timestamp } from '@doorstep/kit/http/schemas.ts';
import { z } from 'zod';
import { packageType } from './package.ts';

const kitItemsMax = 100;
const perPackageMax = 1_000_000;

const kitItem = z.object({ item_id: id, quantity: z.int().min(1).max(perPackageMax).meta({ example: 1 }) });

export type KitItem = z.output<typeof kitItem>;

export const kitInput = z
  .object({
    items: z
      .array(kitItem)
      .min(1, 'must name at least one item')
      .max(kitItemsMax)
      .superRefine((items, context) => {
        const seen = new Set<number>();
        for (const [index, { item_id }] of items.entries()) {
          if (seen.has(item_id)) {
            context.addIssue({ code: 'custom', path: [index, 'item_id'], message: 'is a duplicate' });
          }
          seen.add(item_id);
        }
      }),
  })
  .meta({ id: 'KitInput' });

/** A kit that needs no attention shows its items as they were put. */
const is_active = z.literal(false).optional().meta({
  description: 'Shown for an inactive item: packages still take it from the stock, but it raises no low-stock alert',
});

export const kit = z
  .object({ id, package_type: packageType, items: z.array(kitItem.extend({ is_active })), updated_at: timestamp })
  .meta({ id: 'Kit' });

export type Kit = z.output<typeof kit>;
