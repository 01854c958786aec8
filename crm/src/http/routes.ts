import { accountRoutes } from './account-routes.ts';
import { actionRoutes } from './action-routes.ts';
import { customerRoutes } from './customer-routes.ts';
import { eventRoutes } from './event-routes.ts';
import { leadRoutes } from './lead-routes.ts';
import { loginRoute } from './login-route.ts';
import { myItemRoutes } from './my-item-routes.ts';
import { processRoutes } from './process-routes.ts';

/** Every route of the CRM except health, metrics and docs. */
export const routes = [
  ...customerRoutes,
  ...accountRoutes,
  ...leadRoutes,
  ...actionRoutes,
  ...processRoutes,
  ...myItemRoutes,
  ...eventRoutes,
  loginRoute,
];
