import { deliveryRoutes } from './delivery-routes.ts';
import { workRoutes } from './work-routes.ts';

/** Every route of the operations port except health, metrics and docs. */
export const routes = [...workRoutes, ...deliveryRoutes];
