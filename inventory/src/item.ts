import { foreignId, shownForeignId } from '@doorstep/kit/http/foreign-id.ts';
import { id, line, storableText, timestamp } from '@doorstep/kit/http/schemas.ts';
import { z } from 'zod';

/** Far below the integer limit of either database. */
export const quantityMax = 1_000_000_000;
export const priceMax = 999_999_999.99;
export const nameMax = 255;
const textMax = 100;

const quantityMessage = `must be a whole number from 0 to ${quantityMax}`;
const quantityFault = { error: quantityMessage, abort: true };
const quantity = z.int(quantityFault).min(0, quantityFault).max(quantityMax, quantityFault);

function amount() {
  return z
    .number()
    .max(priceMax, `must be at most ${priceMax}`)
    .refine((value) => fromCents(toCents(value)) === value, 'must have at most two decimals')
    .meta({ override: { multipleOf: 0.01 } });
}

/** Money is stored in cents, because sums of binary fractions are not exact. */
export function toCents(value: number): number {
  return Math.round(value * 100);
}

export function fromCents(cents: number): number {
  return cents / 100;
}

const fields = {
  name: line({ max: nameMax }).meta({ example: 'Mug' }),
  description: storableText({ max: 10_000 }).nullable().meta({ example: 'Stoneware, 0.3 l' }),
  // one sku, however its accents are encoded
  sku: line({ max: textMax })
    .overwrite((text) => text.normalize('NFC'))
    .meta({ example: 'MUG-01' }),
  price: amount().gt(0, 'must be greater than 0').meta({ example: 12.5 }),
  cost: amount().min(0, 'must be at least 0').nullable().meta({ example: 4.2 }),
  quantity: quantity.meta({ example: 40 }),
  min_quantity: quantity.meta({ description: 'The item is low in stock at or below this quantity', example: 10 }),
  max_quantity: quantity.nullable().meta({ description: 'The stock cannot rise above this quantity', example: 100 }),
  is_active: z.boolean(),
  category: line({ max: textMax }).nullable().meta({ example: 'kitchen' }),
  brand: line({ max: textMax }).nullable().meta({ example: 'Acme' }),
  weight: z.number().min(0).max(1_000_000).nullable().meta({ example: 0.35 }),
  dimensions: line({ max: textMax }).nullable().meta({ example: '8 x 8 x 10 cm' }),
  customer_id: foreignId.nullable().meta({ description: 'The customer who owns the item', example: 1 }),
};

type Limits = { min_quantity: number; max_quantity?: number | null | undefined };

/** The contradictions between the stock limits of an item, by field. */
export function limitFaults({ min_quantity, max_quantity }: Limits) {
  if (max_quantity == null || max_quantity > min_quantity) return [];
  return [{ field: 'max_quantity', message: 'must be greater than min_quantity' }] as const;
}

/** Unlike `itemInput`, an import accepts a stock above the maximum, because an existing item may have one. */
export const importedItem = z
  .object({
    ...fields,
    description: fields.description.default(null),
    cost: fields.cost.default(null),
    quantity: fields.quantity.default(0),
    min_quantity: fields.min_quantity.default(0),
    max_quantity: fields.max_quantity.default(null),
    is_active: fields.is_active.default(true),
    category: fields.category.default(null),
    brand: fields.brand.default(null),
    weight: fields.weight.default(null),
    dimensions: fields.dimensions.default(null),
    customer_id: fields.customer_id.default(null),
  })
  .superRefine((item, context) => {
    for (const { field, message } of limitFaults(item)) context.addIssue({ code: 'custom', path: [field], message });
  });

export const itemInput = importedItem
  .superRefine(({ quantity, max_quantity }, context) => {
    if (max_quantity === null || quantity <= max_quantity) return;
    context.addIssue({ code: 'custom', path: ['quantity'], message: 'must be at most max_quantity' });
  })
  .meta({ id: 'ItemInput' });

export type ItemInput = z.output<typeof itemInput>;

export const itemChange = z.object(fields).partial().meta({ id: 'ItemChange' });

export type ItemChange = z.output<typeof itemChange>;

export const item = z
  .object({
    id,
    name: z.string().meta({ example: 'Mug' }),
    description: z.string().nullable(),
    sku: z.string().meta({ example: 'MUG-01' }),
    price: z.number().meta({ example: 12.5 }),
    cost: z.number().nullable(),
    quantity: z.int().min(0).meta({ example: 40 }),
    min_quantity: z.int().meta({ example: 10 }),
    max_quantity: z.int().nullable(),
    is_active: z.boolean(),
    category: z.string().nullable(),
    brand: z.string().nullable(),
    weight: z.number().nullable(),
    dimensions: z.string().nullable(),
    customer_id: shownForeignId.nullable(),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .meta({ id: 'Item' });

export type Item = z.output<typeof item>;

const changeFault = { error: `must be a whole number from ${-quantityMax} to ${quantityMax}`, abort: true };

/** The caller gives exactly one of three: the change, in the query or the body, or the new quantity, in the body. */
export const quantityChange = z
  .object({
    quantity_change: z
      .int(changeFault)
      .min(-quantityMax, changeFault)
      .max(quantityMax, changeFault)
      .optional()
      .meta({ example: -2 }),
    quantity: quantity.optional(),
    reason: line({ max: 200 }).optional().meta({ example: 'stocktaking' }),
  })
  .meta({ id: 'QuantityChange' });

export function isLow({ quantity, min_quantity }: { quantity: number; min_quantity: number }): boolean {
  return quantity <= min_quantity;
}
