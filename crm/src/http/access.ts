import type { Access } from '@doorstep/kit/http/route.ts';

/** Open to anyone; with REQUIRE_AUTH=true to these. */
const open = (...roles: Role[]): Access => ({ open: true, roles });
/** To these, always. */
const closed = (...roles: Role[]): Access => ({ open: false, roles });
/** To the admin and to the customer whose record it is, always. */
const ownRecord: Access = { open: false, roles: ['admin'], owner: { role: 'customer', param: 'id' } };

type Role = 'admin' | 'service' | 'customer';

/** Who may call what. A customer's own items are nobody else's, so that an admin, who has none, may not ask for them. */
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
