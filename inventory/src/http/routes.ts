import { batchRoute } from './batch-route.ts';
import { itemListRoutes } from './item-list-routes.ts';
import { itemRoutes } from './item-routes.ts';
import { kitRoutes } from './kit-routes.ts';
import { olderRoutes } from './older-routes.ts';
import { packageRoutes } from './package-routes.ts';
import { stockRoutes } from './stock-routes.ts';

export const routes = [
  ...packageRoutes,
  batchRoute,
  ...olderRoutes,
  ...itemRoutes,
  ...itemListRoutes,
  ...stockRoutes,
  ...kitRoutes,
];
