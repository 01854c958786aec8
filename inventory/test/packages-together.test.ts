import { createLogger } from '@doorstep/kit/process/logger.ts';
import { databases, freshDatabase } from '@doorstep/kit/test/databases.ts';
import { describe, expect, it } from 'vitest';
import { createItem } from '../src/commands/create-item.ts';
import { createPackage } from '../src/commands/create-packages.ts';
import { putKit } from '../src/commands/put-kit.ts';
import { readInventoryConfig } from '../src/config.ts';
import { itemInput } from '../src/item.ts';
import { openContext } from '../src/open-context.ts';
import type { StockNews } from '../src/stock-news.ts';
import { anItem, inventoryEnvironment } from './start.ts';

const packageType = 'mug-pack';
const request = (customerId: number) => ({ customerId, customerName: 'Alice Example', packageType });

describe.each(databases)('packages requested concurrently on %s', (kind) => {
  it('share one write and report its news once, even if the first request is rejected', async () => {
    await using database = await freshDatabase(kind);
    const config = readInventoryConfig(inventoryEnvironment(database));
    const told: StockNews[] = [];
    const onNews = (news: StockNews) => told.push(news);
    await using open = await openContext({ config, logger: createLogger('inventory', config.log), onNews });
    const { context } = open;
    const mug = itemInput.parse(anItem({ quantity: 3, min_quantity: 1 }));
    const { left } = await createItem(context, mug, undefined);
    await putKit(context, packageType, [{ item_id: left.item.id, quantity: 1 }]);
    await createPackage(context, request(1), 'known');
    told.length = 0;

    const answers = await Promise.allSettled([
      createPackage(context, request(2), 'known'),
      ...[3, 4, 5].map((customerId) => createPackage(context, request(customerId), undefined)),
    ]);

    expect(answers.map((answer) => (answer.status === 'fulfilled' ? answer.value.package.status : 'refused'))).toEqual([
      'refused',
      'received',
      'received',
      'backordered',
    ]);
    expect(told.map(({ low, backordered }) => [low.length, backordered.length])).toEqual([[1, 1]]);
  });
});
