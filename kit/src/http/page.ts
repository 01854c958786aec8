import { z } from 'zod';
import { integerQuery } from './schemas.ts';

const pageSizeMax = 100;

export const pageQuery = {
  page: integerQuery({ min: 1, max: 1_000_000_000, default: 1 }),
  size: integerQuery({ min: 1, max: pageSizeMax, default: 10 }),
};

/** A field to sort by, with a minus for descending order. The default is the first field. */
export function sortQuery<const Field extends string>(fields: readonly [Field, ...Field[]]) {
  return z
    .enum(fields.flatMap((field) => [field, `-${field}`]))
    .default(fields[0])
    .transform((order) => ({
      field: order.replace(/^-/, '') as Field,
      direction: order.startsWith('-') ? ('desc' as const) : ('asc' as const),
    }));
}

export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), total: z.int(), page: z.int(), size: z.int(), pages: z.int() });
}

export function pageBody<Item>(
  { items, total }: { items: Item[]; total: number },
  { page, size }: { page: number; size: number },
) {
  return { items, total, page, size, pages: Math.ceil(total / size) };
}
