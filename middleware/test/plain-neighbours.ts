import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import type { CustomerKey, IntegrationResult } from '../src/delivery.ts';

type Body = { customerId: number; packages: { customerId: number }[]; results: IntegrationResult[] };
type Route = (query: URLSearchParams, body: Body) => unknown;

/** A CRM and an Inventory without idempotency (a package that is posted twice exists twice), at one address. */
export async function startPlainNeighbours({ takesGroups }: { takesGroups: boolean }) {
  const customers: { id: number; name: string }[] = [];
  const packages: { id: number; customerId: number }[] = [];
  const reports = new Map<CustomerKey, IntegrationResult>();
  const make = ({ customerId }: { customerId: number }) => {
    const made = { id: 1000 + packages.length, customerId, packageType: 'welcome_pack_v1' };
    packages.push(made);
    return made;
  };
  const routes: Record<string, Route> = {
    'GET /customers': (query) => customers.filter(({ id }) => id > Number(query.get('after'))),
    'PUT /customers/integration': (_query, { results }) => {
      for (const result of results) reports.set(result.customer_id, result);
    },
    'POST /packages': (_query, body) => make(body),
    'GET /packages': (query) => {
      const asked = query.get('customerId')?.split(',').map(Number);
      return packages.filter(({ customerId }) => asked?.includes(customerId));
    },
  };
  if (takesGroups) {
    routes['POST /packages/batch'] = (_query, body) => ({
      results: body.packages.map((request) => ({ status: 201, package: make(request) })),
    });
  }
  let unanswered = '';
  let isUnanswered = false;
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://neighbours');
    const name = `${request.method} ${pathname}`;
    const route = routes[name];
    const answer = route?.(searchParams, await bodyOf(request));
    if (name === unanswered) {
      isUnanswered = true;
      return;
    }
    response.writeHead(route ? 200 : 404, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(answer ?? {}));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    customers,
    packages,
    reports,
    addCustomers(count: number) {
      const last = customers.length;
      for (let id = last + 1; id <= last + count; id += 1) customers.push({ id, name: `Customer ${id}` });
    },
    /** From now on, requests such as `POST /packages` take effect but get no answer. */
    leaveUnanswered(request: string) {
      unanswered = request;
      isUnanswered = false;
    },
    hasLeftUnanswered: () => isUnanswered,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<Body> {
  return (request.method === 'GET' ? {} : await json(request)) as Body;
}
