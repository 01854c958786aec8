import type { Clock } from '@doorstep/kit/clock.ts';
import type { Database } from '@doorstep/kit/database/open.ts';
import type { InventoryDatabase } from './db/schema.ts';

export type InventoryContext = Pick<Database<InventoryDatabase>, 'db' | 'write'> & { clock: Clock };
