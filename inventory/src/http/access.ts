import type { Access } from '@doorstep/kit/http/route.ts';

/** Open to anyone; with REQUIRE_AUTH=true only to these roles. */
const open = (...roles: ('admin' | 'service')[]): Access => ({ open: true, roles });

/** Customers read their items through the CRM, which knows whether a token is still valid. */
export const access = {
  'POST /packages': open('admin', 'service'),
  'GET /packages': open('admin', 'service'),
  'GET /packages/{id}': open('admin', 'service'),
  'GET /packages/{id}/items': open('admin', 'service'),
  'PATCH /packages/{id}': open('admin'),
  'POST /packages/batch': open('admin', 'service'),
  'POST /package_requests': open('admin', 'service'),
  'GET /package_requests': open('admin', 'service'),
  'POST /api/v1/items': open('admin'),
  'GET /api/v1/items': open('admin', 'service'),
  'GET /api/v1/items/{id}': open('admin', 'service'),
  'PUT /api/v1/items/{id}': open('admin'),
  'DELETE /api/v1/items/{id}': open('admin'),
  'PATCH /api/v1/items/{id}/quantity': open('admin'),
  'GET /api/v1/items/{id}/movements': open('admin'),
  'GET /api/v1/items/customer/{customer_id}': open('admin', 'service'),
  'GET /api/v1/items/low-stock': open('admin', 'service'),
  'GET /api/v1/kits': open('admin'),
  'GET /api/v1/kits/{package_type}': open('admin'),
  'PUT /api/v1/kits/{package_type}': open('admin'),
  'DELETE /api/v1/kits/{package_type}': open('admin'),
} as const satisfies Record<string, Access>;
