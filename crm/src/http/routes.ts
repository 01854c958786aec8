import { customerRoutes } from './customer-routes.ts';
import { loginRoute } from './login-route.ts';

/** Every route of the CRM but health, metrics and docs. */
export const routes = [...customerRoutes, loginRoute];
