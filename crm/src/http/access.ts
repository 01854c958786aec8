import type { Access } from '@doorstep/kit/http/route.ts';

/** Open to anyone unless REQUIRE_AUTH=true, then only to these roles. */
const open = (...roles: Role[]): Access => ({ open: true, roles });
/** Always restricted to these roles. */
const closed = (...roles: Role[]): Access => ({ open: false, roles });
/** Always restricted to the admin and the customer that owns the record. */
const ownRecord: Access = { open: false, roles: ['admin'], owner: { role: 'customer', param: 'id' } };

type Role = 'admin' | 'service' | 'customer';

/** The roles that may call each route. `my-items` excludes the admin, who is no customer and has no items. */
export const access = {
  'POST /v1/auth/login': 'public',

  'POST /customers': open('admin'),
  'GET /customers': open('admin', 'service'),
  'GET /customers/{id}': open('admin', 'service'),
  'PUT /customers/integration': open('admin', 'service'),

  'GET /v1/customers': closed('admin'),
  'POST /v1/customers': closed('admin'),
  'GET /v1/customers/{id}': ownRecord,
  'PUT /v1/customers/{id}': ownRecord,
  'DELETE /v1/customers/{id}': closed('admin'),
  'POST /v1/customers/{id}/restore': closed('admin'),
  'GET /v1/events': closed('admin'),

  'GET /api/v1/customers/my-items': closed('customer'),
  'GET /api/v1/customers/my-items/{id}': closed('customer'),
  'GET /api/v1/customers/my-items/search': closed('customer'),

  'POST /leads': open('admin'),
  'GET /leads': open('admin'),
  'GET /leads/{id}': open('admin'),
  'PUT /leads/{id}': open('admin'),
  'DELETE /leads/{id}': open('admin'),

  'POST /actions': open('admin'),
  'GET /actions': open('admin'),
  'GET /actions/{id}': open('admin'),
  'PUT /actions/{id}': open('admin'),
  'DELETE /actions/{id}': open('admin'),

  'POST /processes': open('admin'),
  'GET /processes': open('admin'),
  'GET /processes/{id}': open('admin'),
  'PUT /processes/{id}': open('admin'),
  'DELETE /processes/{id}': open('admin'),
} as const satisfies Record<string, Access>;
