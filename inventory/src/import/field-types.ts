import { z } from 'zod';
import { itemChange } from '../item.ts';

type FieldType = { kind: 'number' | 'boolean' | 'text'; isNullable: boolean };

/** What a cell of the column holds; undefined for a column that is no field of an item. */
export function fieldTypeOf(name: string): FieldType | undefined {
  return Object.hasOwn(types, name) ? types[name] : undefined;
}

const types: Record<string, FieldType> = Object.fromEntries(
  Object.entries(itemChange.shape).map(([name, schema]) => {
    const isNullable = schema.safeParse(null).success;
    const inner = schema.unwrap();
    const { type } = inner instanceof z.ZodNullable ? inner.unwrap() : inner;
    return [name, { kind: type === 'number' || type === 'boolean' ? type : 'text', isNullable }];
  }),
);
