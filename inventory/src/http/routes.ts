import { batchRoute } from './batch-route.ts';
import { olderRoutes } from './older-routes.ts';
import { packageRoutes } from './package-routes.ts';

/** Every route of the Inventory but health, metrics and docs. */
export const routes = [...packageRoutes, batchRoute, ...olderRoutes];
